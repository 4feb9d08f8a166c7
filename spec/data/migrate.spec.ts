// Migrations: from one set of models to the next, with rows in the tables.
import { expect } from 'chai'
import { ConflictError, Database, field, InvalidDataError, Model, type ModelClass } from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { lastingStores, openDatabase, stores, type TestStore } from './stores.ts'

const team = class Team extends Model {
  name = field.text()
}

class Person extends Model {
  name = field.text()
  nick = field.text()
  age = field.integer({ optional: true })
}

for (const kind of lastingStores) {
  describe(`A migration in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore

    beforeEach(async function () {
      store = await kind.make(this)
      const database = await openDatabase(store, { models: [team, Person] })
      await database.transaction(async (db) => {
        await db.create(team, { name: 'red' })
        await db.create(Person, { name: 'Ann', nick: 'a', age: 1 })
        await db.create(Person, { name: 'Bob', nick: 'b' })
      })
      await database.close()
    })

    afterEach(() => store?.remove())

    const opened = async <T>(models: readonly ModelClass[], work: (database: Database) => Promise<T>): Promise<T> => {
      const database = await new Database({ ...store.options, models }).open()
      try {
        return await work(database)
      } finally {
        await database.close()
      }
    }

    it('does nothing where nothing is to be done', () =>
      opened([team, Person], async (database) => {
        expect(await database.migrate()).to.deep.equal({ statements: [], removedFields: [], computedFields: [] })
      }))

    it('no longer asks for unique values where no model does', async () => {
      class Unique extends Model {
        static override modelName = 'Person'
        name = field.text({ unique: true })
        nick = field.text()
        age = field.integer({ optional: true })
      }
      await opened([team, Unique], (database) => database.migrate())
      await opened([team, Person], async (database) => {
        expect((await database.migrate({ dryRun: true })).statements.length).to.equal(1)
        expect((await database.migrate()).statements.length).to.equal(1)
        expect((await database.migrate()).statements).to.deep.equal([])
        await database.transaction((db) => db.create(Person, { name: 'Ann', nick: 'c' }))
      })
    })

    it('names the field that is unique now where rows share a value, in a dry run too', async () => {
      class Unique extends Model {
        static override modelName = 'Person'
        name = field.text({ unique: true })
        nick = field.text()
        age = field.integer({ optional: true })
      }
      await opened([team, Person], (database) =>
        database.transaction((db) => db.create(Person, { name: 'Ann', nick: 'c' })),
      )
      await opened([team, Unique], async (database) => {
        for (const dryRun of [true, false]) {
          const error = await failureOf(database.migrate({ dryRun }))
          expect(error).to.be.instanceOf(ConflictError)
          expect(error.message).to.equal(
            'Person.name is unique now, but there are rows with the same value; change those first',
          )
        }
      })
    })

    it('names the field that becomes a reference where rows would refer to nothing, in a dry run too', async () => {
      class Other extends Model {
        name = field.text()
      }
      class ToTeam extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.ref(() => team, { optional: true })
        age = field.integer({ optional: true })
      }
      class ToOther extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.ref(() => Other, { optional: true })
        age = field.integer({ optional: true })
      }
      class ToItself extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.ref(() => ToItself, { optional: true })
        age = field.integer({ optional: true })
      }
      const cases: [ModelClass[], string][] = [
        [[team, ToTeam], 'Team'],
        // Its table is not there yet.
        [[team, Other, ToOther], 'Other'],
        [[team, ToItself], 'Person'],
      ]
      for (const [models, target] of cases)
        await opened(models, async (database) => {
          for (const dryRun of [true, false]) {
            const error = await failureOf(database.migrate({ dryRun }))
            expect(error).to.be.instanceOf(ConflictError).and.to.include({ model: 'Person', field: 'nick' })
            expect(error.message).to.equal(
              `Person.nick refers to ${target} now, but there are rows that would refer to nothing; change those first`,
            )
          }
        })
      await opened([team, Person], async (database) => {
        expect((await database.migrate()).statements).to.deep.equal([])
        await database.transaction(async (db) => {
          await db.drop(Person, { name: 'Bob' })
          await db.update(Person, { name: 'Ann' }, { nick: (await db.get(team, { name: 'red' })).pk })
        })
      })
      await opened([team, ToTeam], async (database) => {
        const { statements } = await database.migrate({ dryRun: true })
        expect((await database.migrate()).statements).to.deep.equal(statements)
        expect(await database.transaction((db) => db.count(ToTeam, { 'nick.name': 'red' }))).to.equal(1)
      })
    })

    it('that only tells what it would do waits for no writer, and holds up none', async () => {
      await opened([team, Person], (database) =>
        database.transaction(async (db) => {
          await db.create(team, { name: 'new' })
          expect(await database.migrate({ dryRun: true })).to.deep.equal({
            statements: [],
            removedFields: [],
            computedFields: [],
          })
        }),
      )
    })

    it('follows a field that becomes a reference, one to another model, and a text again', async () => {
      class Other extends Model {
        name = field.text()
      }
      class ToTeam extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.ref(() => team)
        age = field.integer({ optional: true })
      }
      class ToOther extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.ref(() => Other)
        age = field.integer({ optional: true })
      }
      await opened([team, Person], (database) => database.transaction((db) => db.drop(Person, {})))
      await opened([team, ToTeam], async (database) => {
        await database.migrate()
        expect((await database.migrate()).statements).to.deep.equal([])
        const error = await failureOf(database.transaction((db) => db.create(ToTeam, { name: 'x', nick: 'none' })))
        expect(error).to.be.instanceOf(ConflictError)
      })
      await opened([team, Other, ToOther], async (database) => {
        await database.migrate()
        expect((await database.migrate()).statements).to.deep.equal([])
        await database.transaction(async (db) => {
          const other = await db.create(Other, { name: 'o' })
          const red = await db.get(team, { name: 'red' })
          expect(await failureOf(db.create(ToOther, { name: 'x', nick: red.pk }))).to.be.instanceOf(ConflictError)
          await db.create(ToOther, { name: 'x', nick: other })
        })
      })
      await opened([team, Other, Person], async (database) => {
        await database.migrate()
        expect((await database.migrate()).statements).to.deep.equal([])
        await database.transaction((db) => db.create(Person, { name: 'y', nick: 'a text' }))
      })
    })

    it('adds tables and fields, with values for the rows that are there', async () => {
      class More extends Model {
        static override modelName = 'Person'
        name = field.text({ index: true })
        nick = field.text()
        age = field.integer({ optional: true })
        city = field.text()
        size = field.number({ default: 1.5 })
        isNew = field.boolean({ default: true })
        at = field.date({ default: () => new Date('2020-01-02T03:04:05.678Z') })
        tags = field.list('text', { default: () => ["it's", '?'] })
        role = field.choice(['user', 'admin'], { default: 'user' })
        team = field.ref(() => team, { optional: true })
        friend = field.ref(() => More, { optional: true })
      }
      class Message extends Model {
        author = field.ref(() => More)
      }
      await opened([team, More, Message], async (database) => {
        const { statements } = await database.migrate()
        expect(statements.join('\n')).to.match(/create table .*Message/)
        await database.transaction(async (db) => {
          const ann = await db.get(More, { name: 'Ann' })
          expect(ann.toDict()).to.deep.equal({
            ...{ pk: ann.pk, name: 'Ann', nick: 'a', age: 1, city: '', size: 1.5, isNew: true, role: 'user' },
            ...{ at: new Date('2020-01-02T03:04:05.678Z'), tags: ["it's", '?'], team: null, friend: null },
          })
          await db.create(Message, { author: ann })
          const bad = await failureOf(db.create(Message, { author: 'nobody' }))
          expect(bad).to.be.instanceOf(ConflictError)
          expect(await failureOf(db.update(ann, { friend: 'nobody' }))).to.be.instanceOf(ConflictError)
        })
        expect((await database.migrate()).statements).to.deep.equal([])
      })
    })

    it('tells in a dry run what it would do, and does nothing', async () => {
      class More extends Model {
        static override modelName = 'Person'
        name = field.text()
        city = field.text()
      }
      const statements = await opened([team, More], async (database) => {
        const told = await database.migrate({ dryRun: true })
        expect(told.removedFields).to.deep.equal(['Person.nick', 'Person.age'])
        expect(told.statements.join('\n')).to.include('"city"')
        return told.statements
      })
      await opened([team, More], async (database) => {
        expect((await database.migrate({ dryRun: true })).statements).to.deep.equal(statements)
      })
    })

    it('keeps removed fields and what they hold, and rows can be made without them', async () => {
      class Less extends Model {
        static override modelName = 'Person'
        name = field.text()
      }
      await opened([team, Less], async (database) => {
        expect((await database.migrate()).removedFields).to.deep.equal(['Person.nick', 'Person.age'])
        await database.transaction((db) => db.create(Less, { name: 'Cy' }))
      })
      class Back extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.text({ optional: true })
      }
      await opened([team, Back], async (database) => {
        await database.migrate()
        const rows = await database.transaction((db) => db.query(Back, {}, { sort: 'name' }))
        expect(rows.map(({ nick }) => nick)).to.deep.equal(['a', 'b', null])
      })
    })

    it('drops removed fields where that is asked for', async () => {
      class Less extends Model {
        static override modelName = 'Person'
        name = field.text()
      }
      await opened([team, Less], async (database) => {
        await database.migrate({ drop: true })
        expect(await database.migrate()).to.deep.equal({ statements: [], removedFields: [], computedFields: [] })
        expect(await database.transaction((db) => db.count(Less))).to.equal(2)
      })
    })

    const refused: [string, ModelClass, string][] = [
      [
        'a field of another type',
        class Person extends Model {
          name = field.integer()
        },
        'Person.name is text, not ',
      ],
      [
        'a field that is not optional any more, where rows lack it',
        class Person extends Model {
          age = field.integer()
        },
        'Person.age is not optional any more',
      ],
      [
        'a unique field that all rows would share',
        class Person extends Model {
          email = field.text({ unique: true })
        },
        'Person.email is new and unique',
      ],
      [
        'a reference that rows could not have',
        class Person extends Model {
          team = field.ref(() => team)
        },
        'Person.team is new and has no value for existing rows',
      ],
      [
        'a secret',
        class Person extends Model {
          password = field.password()
        },
        'Person.password is new and secret',
      ],
    ]
    for (const [what, model, message] of refused) {
      it(`refuses ${what}, and changes nothing`, async () => {
        await opened([team, model], async (database) => {
          const error = await failureOf(database.migrate())
          expect(error).to.be.instanceOf(InvalidDataError)
          expect(error.message).to.include(message)
        })
        await opened([team, Person], async (database) => {
          expect((await database.migrate()).statements).to.deep.equal([])
          expect(await database.transaction((db) => db.count(Person))).to.equal(2)
        })
      })
    }

    it('makes a unique field of one whose values are, and refuses it for others', async () => {
      class Unique extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.text({ unique: true })
        age = field.integer({ optional: true })
      }
      await opened([team, Person], (database) =>
        database.transaction((db) => db.create(Person, { name: 'Cy', nick: 'a' })),
      )
      await opened([team, Unique], async (database) => {
        expect(await failureOf(database.migrate())).to.be.instanceOf(ConflictError)
        await database.transaction((db) => db.drop(Unique, { name: 'Cy' }))
        await database.migrate()
        expect(await failureOf(database.transaction((db) => db.create(Unique, { name: 'x', nick: 'b' })))).to.include({
          field: 'nick',
        })
      })
    })

    it('keeps references to a table that it makes anew', async () => {
      class Card extends Model {
        person = field.ref(() => Person)
      }
      await opened([team, Person, Card], async (database) => {
        await database.migrate()
        await database.transaction(async (db) => db.create(Card, { person: await db.get(Person, { name: 'Ann' }) }))
      })
      class More extends Model {
        static override modelName = 'Person'
        name = field.text()
        nick = field.text()
        age = field.integer({ optional: true })
        city = field.text()
      }
      class CardOfMore extends Model {
        static override modelName = 'Card'
        person = field.ref(() => More)
      }
      await opened([team, More, CardOfMore], async (database) => {
        await database.migrate()
        const cards = await database.transaction((db) => db.query(CardOfMore, { 'person.city': '' }))
        expect(cards.length).to.equal(1)
        expect(await failureOf(database.transaction((db) => db.drop(More, {})))).to.be.instanceOf(ConflictError)
      })
    })
  })
}

describe('Two migrations at once', function () {
  this.timeout(120_000)

  it('in PostgreSQL wait for each other', async function () {
    const store = await (stores[2] as (typeof stores)[number]).make(this)
    const databases = await Promise.all(
      [1, 2, 3].map(() => new Database({ ...store.options, models: [team, Person] }).open()),
    )
    try {
      const told = await Promise.all(databases.map((database) => database.migrate()))
      expect(told.filter(({ statements }) => statements.length > 0).length).to.equal(1)
    } finally {
      await Promise.all(databases.map((database) => database.close()))
      await store.remove()
    }
  })
})
