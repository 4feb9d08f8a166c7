// What can be done with rows, the same on every store.
import { expect } from 'chai'
import {
  AmbiguousError,
  and,
  ConflictError,
  contains,
  type Database,
  type Db,
  eq,
  ge,
  gt,
  InvalidDataError,
  le,
  lt,
  matches,
  max,
  min,
  NotFoundError,
  ne,
  noneOf,
  not,
  oneOf,
  or,
} from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { ChatMessage, models, Team, User } from './models.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

for (const kind of stores) {
  describeIn(kind, `Rows in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models, maxRows: 50 })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    /** Runs work in a unit that is rolled back, so that the next spec finds nothing. */
    const within = async (work: (db: Db) => Promise<void>): Promise<void> => {
      const over = new Error('over')
      const error = await database
        .transaction(async (db) => {
          await work(db)
          throw over
        })
        .catch((reason: unknown) => reason)
      if (error !== over) throw error
    }

    const people = async (db: Db): Promise<void> => {
      const red = await db.create(Team, { name: 'red' })
      const blue = await db.create(Team, { name: 'blue' })
      await db.create(User, { email: 'ann@one.org', name: 'Ann', age: 30, team: red, tags: ['a', 'b'] })
      await db.create(User, { email: 'bob@one.org', name: 'Bob', age: 20, team: red, isActive: false })
      await db.create(User, { email: 'cy@two.org', name: '100%_c\\y\'?"', age: 40, team: blue, tags: ['b', '1'] })
      await db.create(User, { email: 'dee@two.org', name: 'Dee', score: 2.5, joinedAt: new Date('2020-02-02') })
    }
    /** As another unit would: not the row that is known already. */
    const readAnew = async (db: Db, pk: string): Promise<User> => {
      await db.commit()
      const user = await database.transaction((other) => other.get(User, pk))
      await db.drop(User, { pk })
      await db.drop(Team, {})
      await db.commit()
      return user
    }
    const namesOf = (rows: readonly User[]): string[] => rows.map(({ email }) => email.split('@')[0] as string).sort()

    describe('create', () => {
      it('fills in defaults, and gives values back as they were', () =>
        within(async (db) => {
          const settings = { '1': 'text', deep: [{ n: -1.5, no: null }], looksLikeNumber: '12' }
          const at = new Date('2024-05-06T07:08:09.012Z')
          const team = await db.create(Team, { name: 'red' })
          const values = {
            email: 'x@y',
            age: 2 ** 53 - 1,
            score: 0.1,
            joinedAt: at,
            tags: ['1', 'é😀'],
            settings,
            team,
          }
          const { pk } = await db.create(User, values)
          await db.flush()
          const dictionary = (await database.transaction(async () => db.get(User, pk))).toDict()
          const fresh = {
            ...{ pk, email: 'x@y', name: 'nobody', age: 2 ** 53 - 1, score: 0.1, isActive: true, role: 'user' },
            ...{ joinedAt: at, tags: ['1', 'é😀'], settings, team: team.pk, domain: 'y' },
          }
          expect(dictionary).to.deep.equal(fresh)
          expect(pk).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
        }))

      for (const json of ['12', '"x"', 'true', '[1]', 'null', '']) {
        it(`gives the JSON text ${JSON.stringify(json)} back as a text`, async () => {
          const pk = await database.transaction(
            async (db) => (await db.create(User, { email: `json${json}`, settings: json })).pk,
          )
          const found = await database.transaction((db) => db.get(User, pk))
          expect(found.settings).to.equal(json)
          await database.transaction((db) => db.drop(User, { pk }))
        })
      }

      for (const at of [
        '0001-01-01T00:00:00.000Z',
        '0099-12-31T23:59:59.999Z',
        '1890-06-01T12:00:00.010Z',
        '9999-12-31T23:59:59.999Z',
      ]) {
        it(`gives the time ${at} back`, () =>
          within(async (db) => {
            const { pk } = await db.create(Team, { name: 'x' })
            const user = await db.create(User, { email: 'time', team: pk, joinedAt: new Date(at) })
            await db.query(User, { joinedAt: and(ge(new Date(at)), le(new Date(at))) })
            expect((await readAnew(db, user.pk)).joinedAt.toISOString()).to.equal(at)
          }))
      }

      it('sets through setters, and loads without them', () =>
        within(async (db) => {
          const user = await db.create(User, { email: '  ANN@X.org ' })
          expect(user.email).to.equal('ann@x.org')
          expect((await db.get(User, { email: 'ann@x.org' })) === user).to.equal(true)
          user.email = ' BOB@x.org'
          expect(user.email).to.equal('bob@x.org')
          expect((await db.query(User, { email: 'bob@x.org' })).length).to.equal(1)
        }))

      it('makes rows that are of their class', () =>
        within(async (db) => {
          const user = await db.create(User, { email: 'a@b', name: 'Ann' })
          expect(user).to.be.instanceOf(User)
          expect(user.greet()).to.equal('hello Ann')
          expect(user.constructor.name).to.equal('User')
        }))

      const wrong: [string, object, string][] = [
        ['a missing field', {}, 'User.email is missing'],
        ['an unknown field', { email: 'x', nick: 1 }, 'User has no field "nick"'],
        ['a number for a text', { email: 1 }, 'User.email: expected a text'],
        ['a text for a number', { email: 'x', age: '3' }, 'User.age: expected a whole number, got "3"'],
        ['a fraction for an integer', { email: 'x', age: 1.5 }, 'User.age: expected a whole number'],
        ['an integer that is not safe', { email: 'x', age: 2 ** 53 }, 'User.age: expected a whole number'],
        ['NaN', { email: 'x', score: Number.NaN }, 'User.score: expected a finite number'],
        ['an invalid Date', { email: 'x', joinedAt: new Date(Number.NaN) }, 'User.joinedAt: expected a valid Date'],
        ['a text for a Date', { email: 'x', joinedAt: '2020-01-01' }, 'User.joinedAt: expected a valid Date'],
        ['another choice', { email: 'x', role: 'root' }, 'User.role: expected one of user, admin'],
        ['a list of others', { email: 'x', tags: [1] }, 'User.tags: expected a list of text'],
        ['what JSON cannot say', { email: 'x', settings: { a: new Date() } }, 'User.settings: expected a JSON value'],
        ['a NUL', { email: 'x\0' }, 'User.email: expected a text (without NUL'],
        ['half a character', { email: 'x\ud800' }, 'User.email: expected a text (without NUL'],
        ['null where it is not optional', { email: null }, 'User.email is missing'],
        ['an object for a reference', { email: 'x', team: { $ne: 1 } }, 'User.team: expected a row or its pk'],
      ]
      for (const [what, values, message] of wrong) {
        it(`refuses ${what}`, async () => {
          const error = await failureOf(database.transaction((db) => db.create(User, values as never)))
          expect(error).to.be.instanceOf(InvalidDataError)
          expect(error.message).to.include(message)
        })
      }

      it('names the field whose value is taken, and lets the action go on', () =>
        within(async (db) => {
          await db.create(User, { email: 'a@b', age: 1 })
          const error = await failureOf(db.create(User, { email: 'A@b' }))
          expect(error).to.be.instanceOf(ConflictError)
          expect(error).to.include({ model: 'User', field: 'email' })
          await db.create(User, { email: 'c@d' })
          expect(await db.count(User)).to.equal(2)
        }))

      it('lets the action go on where the very first change is refused', async () => {
        await database.transaction((db) => db.create(Team, { name: 'taken' }))
        await database.transaction(async (db) => {
          expect(await failureOf(db.create(Team, { name: 'taken' }))).to.be.instanceOf(ConflictError)
          await db.create(Team, { name: 'free' })
        })
        expect(await database.transaction((db) => db.drop(Team, { name: oneOf(['taken', 'free']) }))).to.equal(2)
      })

      it('names a reference that points to nothing', () =>
        within(async (db) => {
          const error = await failureOf(db.create(ChatMessage, { author: 'nobody', content: '' }))
          expect(error).to.be.instanceOf(ConflictError)
          expect(error).to.include({ model: 'ChatMessage', field: 'author' })
        }))
    })

    describe('get and find', () => {
      it('find by pk and by fields, and give the same row for the same pk', () =>
        within(async (db) => {
          await people(db)
          const ann = await db.get(User, { email: 'ann@one.org' })
          expect((await db.get(User, ann.pk)) === ann).to.equal(true)
          expect((await db.find(User, { email: 'none' })) === undefined).to.equal(true)
        }))

      it('say what there is none of, and how many there are', () =>
        within(async (db) => {
          await people(db)
          const none = await failureOf(db.get(User, 'nope'))
          expect(none).to.be.instanceOf(NotFoundError)
          expect(none.message).to.equal('there is no User with the pk "nope"')
          const many = await failureOf(db.get(User, { 'team.name': 'red' }))
          expect(many).to.be.instanceOf(AmbiguousError)
          expect(many).to.include({ model: 'User', count: 2 })
          expect(many.message).to.equal('2 rows of User match, but exactly one was expected')
        }))

      it('getOrCreate finds, or makes with the rest', () =>
        within(async (db) => {
          const first = await db.getOrCreate(User, { email: 'a@b' }, { age: 3 })
          const second = await db.getOrCreate(User, { email: 'a@b' }, { age: 4 })
          expect([first.isNew, second.isNew, second.row === first.row, second.row.age]).to.deep.equal([
            true,
            false,
            true,
            3,
          ])
        }))
    })

    describe('query', () => {
      const cases: [string, object, string[]][] = [
        ['a value', { name: 'Ann' }, ['ann']],
        ['null', { age: null }, ['dee']],
        ['eq', { age: eq(30) }, ['ann']],
        ['ne, true of null', { age: ne(30) }, ['bob', 'cy', 'dee']],
        ['ne null', { age: ne(null) }, ['ann', 'bob', 'cy']],
        ['gt', { age: gt(30) }, ['cy']],
        ['ge', { age: ge(30) }, ['ann', 'cy']],
        ['lt', { age: lt(30) }, ['bob']],
        ['le', { age: le(30) }, ['ann', 'bob']],
        ['two conditions', { age: and(gt(20), lt(40)) }, ['ann']],
        ['in', { age: oneOf([20, 40, 99]) }, ['bob', 'cy']],
        ['in with null', { age: oneOf([20, null]) }, ['bob', 'dee']],
        ['in nothing', { age: oneOf([]) }, []],
        ['nin', { age: noneOf([20, 40]) }, ['ann', 'dee']],
        ['nin with null', { age: noneOf([20, null]) }, ['ann', 'cy']],
        ['all of several', { age: and(ge(20), lt(40), ne(20)) }, ['ann']],
        ['one of several', { age: or(lt(25), gt(35)) }, ['bob', 'cy']],
        ['a value among them', { age: or(20 as never, eq(null)) }, ['bob', 'dee']],
        ['groups in groups', { age: or(eq(null), and(gt(20), lt(40))) }, ['ann', 'dee']],
        ['two groups', { age: or(lt(25), gt(35)), name: or(eq('Bob'), eq('Ann')) }, ['bob']],
        ['not gt, true of null', { age: not(gt(20)) }, ['bob', 'dee']],
        ['not ge, lt and le', { age: and(not(ge(40)), not(lt(20)), not(le(20))) }, ['ann', 'dee']],
        ['not eq and not ne', { age: and(not(eq(30)), not(ne(20))) }, ['bob']],
        ['not in and not nin', { age: and(not(oneOf([20])), not(noneOf([30, 40]))) }, ['ann', 'cy']],
        ['not of not', { age: not(not(gt(30))) }, ['cy']],
        ['not of a group', { age: not(or(eq(20), gt(35))) }, ['ann', 'dee']],
        ['not of all of several', { age: not(and(ge(30), le(30))) }, ['bob', 'cy', 'dee']],
        ['not contains', { name: not(contains('e')) }, ['ann', 'bob', 'cy']],
        ['not contains of a list', { tags: not(contains('b')) }, ['bob', 'dee']],
        ['one of several parts', { name: or(contains('nn'), contains('ob')) }, ['ann', 'bob']],
        ['one of several of a reference', { 'team.name': or(eq('blue'), contains('re')) }, ['ann', 'bob', 'cy']],
        ['matches beside others', { name: and(matches('^[AB]'), ne('Ann')) }, ['bob']],
        ['contains', { name: contains('e') }, ['dee']],
        ['contains, with case', { name: contains('E') }, []],
        ['contains of wildcards', { name: contains('%_') }, ['cy']],
        ['contains of quotes and marks', { name: contains('\\y\'?"') }, ['cy']],
        ['contains of a list', { tags: contains('b') }, ['ann', 'cy']],
        ['contains of a list, by type', { tags: contains('1') }, ['cy']],
        ['matches', { name: matches('^[AB]') }, ['ann', 'bob']],
        ['matches with others', { name: matches('^[AB]'), age: gt(25) }, ['ann']],
        ['matches nothing', { name: matches('^$') }, []],
        ['min', { age: min() }, ['bob']],
        ['max', { age: max() }, ['cy']],
        ['max of what the others let through', { 'team.name': 'red', age: max() }, ['ann']],
        ['max of none', { name: 'none', age: max() }, []],
        ['a field of a reference', { 'team.name': 'red' }, ['ann', 'bob']],
        ['a condition on one', { 'team.name': ne('red') }, ['cy', 'dee']],
        ['matches on one', { 'team.name': matches('l') }, ['cy']],
        ['contains on one', { 'team.name': contains('lu') }, ['cy']],
        ['max on one', { 'team.name': max() }, ['ann', 'bob']],
        ['a boolean', { isActive: false }, ['bob']],
        ['a number', { score: gt(2) }, ['dee']],
        ['a date', { joinedAt: gt(new Date('2020-02-01T23:59:59.999Z')) }, ['dee']],
        ['the same date', { joinedAt: new Date('2020-02-02') }, ['dee']],
        ['nothing', {}, ['ann', 'bob', 'cy', 'dee']],
        ['a text that is no choice', { role: 'user', name: ne('x'), isActive: true }, ['ann', 'cy', 'dee']],
      ]
      for (const [what, filter, expected] of cases) {
        it(`knows ${what}, and counts the same`, () =>
          within(async (db) => {
            await people(db)
            expect(namesOf(await db.query(User, filter as never))).to.deep.equal(expected)
            expect(await db.count(User, filter as never)).to.equal(expected.length)
          }))
      }

      it('takes a row for a reference, and references of references', () =>
        within(async (db) => {
          await people(db)
          const red = await db.get(Team, { name: 'red' })
          const ann = await db.get(User, { name: 'Ann' })
          await db.create(ChatMessage, { author: ann, content: 'hi' })
          expect(namesOf(await db.query(User, { team: red }))).to.deep.equal(['ann', 'bob'])
          expect((await db.query(ChatMessage, { 'author.team.name': 'red' })).length).to.equal(1)
          expect((await db.query(ChatMessage, { 'author.team.name': 'blue' })).length).to.equal(0)
        }))

      it('sorts, nulls first, and pages', () =>
        within(async (db) => {
          await people(db)
          const emails = async (options: object): Promise<string[]> =>
            (await db.query(User, {}, options)).map(({ email }) => email.split('@')[0] as string)
          expect(await emails({ sort: 'age' })).to.deep.equal(['dee', 'bob', 'ann', 'cy'])
          expect(await emails({ sort: '-age' })).to.deep.equal(['cy', 'ann', 'bob', 'dee'])
          expect(await emails({ sort: ['-team.name', 'age'] })).to.deep.equal(['bob', 'ann', 'cy', 'dee'])
          expect(await emails({ sort: 'age', limit: 2, offset: 1 })).to.deep.equal(['bob', 'ann'])
          expect(await emails({ sort: 'age', limit: 0 })).to.deep.equal([])
        }))

      it('refuses a pk that no store can have, and goes on', () =>
        within(async (db) => {
          for (const pk of ['a\0b', 'a\ud800b']) {
            for (const operation of [() => db.find(Team, pk), () => db.get(Team, pk), () => db.get(Team, { pk })]) {
              const error = await failureOf(operation())
              expect(error).to.be.instanceOf(InvalidDataError).and.to.include({ model: 'Team', field: 'pk' })
            }
          }
          await db.create(Team, { name: 'after' })
          expect(await db.find(Team, 'x'.repeat(1_000_000))).to.equal(undefined)
          expect(await db.count(Team)).to.equal(1)
        }))

      it('refuses a limit above maxRows, whoever passed it on', () =>
        within(async (db) => {
          for (const limit of [51, 1e9, Number.MAX_SAFE_INTEGER]) {
            const error = await failureOf(db.query(Team, {}, { limit }))
            expect(error).to.be.instanceOf(InvalidDataError)
            expect(error.message).to.equal(
              `limit: expected at most 50, got ${limit}; ask for pages, or raise data.maxRows`,
            )
          }
        }))

      it('gives no more rows than maxRows without a limit, and says so', () =>
        within(async (db) => {
          for (let i = 0; i < 51; i++) await db.create(Team, { name: `${i}` })
          const error = await failureOf(db.query(Team))
          expect(error.message).to.equal('more than 50 rows of Team match; set a limit, or raise data.maxRows')
          expect((await db.query(Team, {}, { limit: 50 })).length).to.equal(50)
          const found = await failureOf(db.query(Team, { name: matches('.') }, { limit: 1 }))
          expect(found.message).to.include('matches more than 50 rows')
        }))
    })

    describe('update', () => {
      it('changes a row, rows, and those of a filter', () =>
        within(async (db) => {
          await people(db)
          const ann = await db.get(User, { name: 'Ann' })
          expect(await db.update(ann, { age: 31, email: 'ANN@three.org' })).to.equal(1)
          expect(await db.count(User, { age: 31, email: 'ann@three.org' })).to.equal(1)
          expect(await db.update(User, { 'team.name': 'red' }, { score: 9 })).to.equal(2)
          expect(await db.count(User, { score: 9 })).to.equal(2)
          expect(ann.score).to.equal(9)
          expect(await db.update([ann], { age: null })).to.equal(1)
          expect(await db.count(User, { age: null })).to.equal(2)
        }))

      it('notices what was assigned, and what changed inside of a list or JSON', () =>
        within(async (db) => {
          const user = await db.create(User, { email: 'a@b', settings: { deep: { n: 1 } } })
          user.age = 5
          user.tags.push('new')
          Object.assign(user.settings as object, { deep: { n: 2 } })
          expect(await db.count(User, { age: 5, tags: contains('new') })).to.equal(1)
        }))

      it('refuses an assignment of the wrong type before the store sees it', async () => {
        const error = await failureOf(
          database.transaction(async (db) => {
            const user = await db.create(User, { email: 'a@b' })
            user.age = 'old' as never
          }),
        )
        expect(error.message).to.equal('User.age: expected a whole number, got "old"')
        expect(await database.transaction((db) => db.count(User))).to.equal(0)
      })

      it('leaves the rows as they were where it is refused, so that the action can go on', () =>
        within(async (db) => {
          await people(db)
          const ann = await db.get(User, { name: 'Ann' })
          expect(await failureOf(db.update(ann, { email: 'bob@one.org', age: 1 }))).to.include({ field: 'email' })
          expect([ann.email, ann.age]).to.deep.equal(['ann@one.org', 30])
          ann.age = 77
          expect(await db.count(User, { age: 77 })).to.equal(1)
        }))

      it('does not change a pk', () =>
        within(async (db) => {
          const user = await db.create(User, { email: 'a@b' })
          expect((await failureOf(db.update(user, { pk: 'x' } as never))).message).to.equal('User.pk cannot be changed')
        }))
    })

    describe('drop', () => {
      it('drops a row, rows and those of a filter', () =>
        within(async (db) => {
          await people(db)
          expect(await db.drop(await db.get(User, { name: 'Ann' }))).to.equal(1)
          expect(await db.drop(User, { age: gt(25) })).to.equal(1)
          expect(await db.drop(await db.query(User))).to.equal(2)
          expect(await db.count(User)).to.equal(0)
        }))

      it('refuses what is referred to, and names by what', () =>
        within(async (db) => {
          await people(db)
          const error = await failureOf(db.drop(Team, { name: 'red' }))
          expect(error).to.be.instanceOf(ConflictError)
          expect(error.message).to.include("cascade: ['User.team']")
          expect(await db.count(Team)).to.equal(2)
        }))

      it('cascades to what refers to it, and to what it refers to, where they are named', () =>
        within(async (db) => {
          await people(db)
          const bob = await db.get(User, { name: 'Bob' })
          const first = await db.create(ChatMessage, { author: bob, content: '1' })
          await db.create(ChatMessage, { author: bob, content: '2', replyTo: first })
          expect(await db.drop(Team, { name: 'blue' }, { cascade: ['User.team'] })).to.equal(1)
          expect(namesOf(await db.query(User))).to.deep.equal(['ann', 'bob', 'dee'])
          await db.drop(await db.get(User, { name: 'Ann' }))
          const dropped = await db.drop(ChatMessage, {}, { cascade: ['author', 'author.team'] })
          expect(dropped).to.equal(2)
          expect([await db.count(ChatMessage), await db.count(Team)]).to.deep.equal([0, 0])
          expect(namesOf(await db.query(User))).to.deep.equal(['dee'])
        }))

      it('refuses a cascade that leads nowhere', () =>
        within(async (db) => {
          await people(db)
          for (const name of ['nope', 'email', 'Team.name', 'ChatMessage.content', '', 7]) {
            const error = await failureOf(db.drop(User, {}, { cascade: [name as string] }))
            expect(error, String(name)).to.be.instanceOf(InvalidDataError)
          }
          expect(await db.count(User)).to.equal(4)
        }))
    })

    describe('hydrate', () => {
      it('puts dictionaries in place of pks, level by level, without secrets', () =>
        within(async (db) => {
          await people(db)
          const ann = await db.get(User, { name: 'Ann' })
          await db.update(ann, { password: 'x' })
          const message = await db.create(ChatMessage, { author: ann, content: 'hi' })
          const found = await db.hydrate(message)
          expect(found).to.nested.include({ content: 'hi', 'author.email': 'ann@one.org', 'author.team.name': 'red' })
          expect(JSON.stringify(found)).to.not.include('argon2')
          const flat = await db.hydrate(message, { depth: 1 })
          expect(flat).to.nested.include({ 'author.team': ann.team })
        }))

      it('leaves a pk where a row would contain itself', () =>
        within(async (db) => {
          const team = await db.create(Team, { name: 'red' })
          const user = await db.create(User, { email: 'a@b', team })
          await db.update(team, { lead: user })
          const [found] = await db.hydrate([team])
          expect(found).to.nested.include({ 'lead.email': 'a@b', 'lead.team': team.pk })
        }))
    })
  })
}
