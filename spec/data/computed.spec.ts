// Fields that are computed from others and kept with them: written with their row, found and sorted by, made for rows that
// are there, and never given.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import {
  type CreateData,
  contains,
  Database,
  type Dictionary,
  type Filter,
  field,
  ge,
  InvalidDataError,
  Model,
  matches,
  max,
  parseFilter,
  type UpdateData,
} from 'isock/data'
import { longIt } from '../setup/long.ts'
import { failureOf } from '../setup/world.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class User extends Model {
  email = field.text({ unique: true, set: (text) => text.toLowerCase() })
  tags = field.list('text', { default: () => [] })
  bornAt = field.date({ optional: true })
  domain = field.computed('text', (user: User) => user.email.split('@')[1] ?? '', { index: true })
  tagCount = field.computed('integer', (user: User) => user.tags.length)
  comesOfAgeAt = field.computed(
    'date',
    ({ bornAt }: User) => (bornAt === null ? undefined : new Date(bornAt.getTime() + 18 * 31_557_600_000)),
    { optional: true },
  )
  isTagged = field.computed('boolean', (user: User) => user.tagCount > 0)
}

class Odd extends Model {
  n = field.integer()
  half = field.computed('integer', (row: Odd) => {
    if (row.n < 0) throw new Error('the value is hush')
    return row.n / 2
  })
}

/** As it was before anything was computed. */
class FormerPage extends Model {
  static override modelName = 'Page'
  title = field.text()
}

class Page extends Model {
  title = field.text()
  slug = field.computed('text', (page: Page) => page.title.toLowerCase().replaceAll(' ', '-'), { unique: true })
  length = field.computed('integer', (page: Page) => page.title.length)
  at = field.computed('date', () => new Date(86_400_000))
  nothing = field.computed('number', () => null, { optional: true })
}

/** Its function was changed. */
class ChangedPage extends Model {
  static override modelName = 'Page'
  title = field.text()
  slug = field.computed('text', (page: ChangedPage) => `page/${page.title}`, { unique: true })
  length = field.computed('integer', (page: ChangedPage) => page.title.length)
  at = field.computed('date', () => new Date(86_400_000))
  nothing = field.computed('number', () => null, { optional: true })
}

for (const kind of stores) {
  describeIn(kind, `Computed fields in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [User, Odd] })
    })

    beforeEach(() => database.transaction((db) => db.drop(User, {})))

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    it('are kept with a new row, and rows are found and sorted by them', async () => {
      await database.transaction(async (db) => {
        await db.create(User, { email: 'ann@X.org', bornAt: new Date(0) })
        await db.create(User, { email: 'bob@y.org', tags: ['a', 'b'] })
        await db.create(User, { email: 'cy@x.org', tags: ['a'] })
      })
      const ask = async (filter: Filter<User>, sort: string): Promise<string[]> => {
        const rows = await database.transaction((db) => db.query(User, filter, { sort: sort as 'email', limit: 9 }))
        return rows.map(({ email }) => email.split('@')[0] as string)
      }
      expect(await ask({ domain: 'x.org' }, 'email')).to.deep.equal(['ann', 'cy'])
      expect(await ask({ domain: contains('y.') }, 'email')).to.deep.equal(['bob'])
      expect(await ask({ domain: matches('^[xy]') }, '-email')).to.deep.equal(['cy', 'bob', 'ann'])
      expect(await ask({ tagCount: ge(1) }, '-tagCount')).to.deep.equal(['bob', 'cy'])
      expect(await ask({ tagCount: max() }, 'email')).to.deep.equal(['bob'])
      expect(await ask({ isTagged: false }, 'email')).to.deep.equal(['ann'])
      expect(await ask({ comesOfAgeAt: ge(new Date(0)) }, 'email')).to.deep.equal(['ann'])
      expect(await ask(parseFilter({ domain: 'y.org' }, User, { fields: ['domain'] }), 'email')).to.deep.equal(['bob'])
    })

    it('are as the row is at any time, and are kept when it is written', async () => {
      await database.transaction(async (db) => {
        const row = await db.create(User, { email: 'ann@x.org' })
        row.email = 'ann@z.org'
        expect([row.domain, row.toDict().domain]).to.deep.equal(['z.org', 'z.org'])
        // Written before the query.
        expect(await db.count(User, { domain: 'z.org' })).to.equal(1)
        row.tags.push('a')
      })
      await database.transaction(async (db) => {
        const row = await db.get(User, { domain: 'z.org', tagCount: 1 })
        expect(row.isTagged).to.equal(true)
        await db.update(row, { tags: [] })
        expect(await db.count(User, { isTagged: true })).to.equal(0)
        expect(await db.update(User, { domain: 'z.org' }, { email: 'ann@w.org' })).to.equal(1)
        expect(await db.count(User, { domain: 'w.org' })).to.equal(1)
      })
      expect(await database.transaction((db) => db.count(User, { domain: 'w.org', tagCount: 0 }))).to.equal(1)
    })

    it('are in dictionaries and copies of a row, and travel with it', async () => {
      const row = await database.transaction((db) => db.create(User, { email: 'ann@x.org', tags: ['a'] }))
      const expected = { email: 'ann@x.org', domain: 'x.org', tagCount: 1, isTagged: true, comesOfAgeAt: null }
      expect(row.toDict()).to.deep.include(expected)
      const read = await database.transaction((db) => db.get(User, row.pk))
      expect({ ...read }).to.deep.include(expected)
      expect(JSON.parse(JSON.stringify(read))).to.deep.include(expected)
      expect(Object.keys({ ...read }).join()).to.not.include('set_')
    })

    it('cannot be given, changed or assigned', async () => {
      await database.transaction(async (db) => {
        const row = await db.create(User, { email: 'ann@x.org' })
        const tries = [
          () => db.create(User, { email: 'b@x', domain: 'y' } as never),
          () => db.update(row, { domain: 'y' } as never),
          () => db.update(User, {}, { tagCount: 7 } as never),
          async () => Object.assign(row, { domain: 'y' }),
        ]
        for (const attempt of tries) {
          const error = await failureOf(attempt())
          expect(error).to.be.instanceOf(InvalidDataError)
          expect(error.message).to.match(/User\.(domain|tagCount) is computed and cannot be set/)
        }
        expect(row.domain).to.equal('x.org')
      })
    })

    it('refuse a row whose value does not fit, and tell nothing of why their function threw', async () => {
      const fails = async (n: number): Promise<string> => {
        const error = await failureOf(database.transaction((db) => db.create(Odd, { n })))
        expect(error).to.be.instanceOf(InvalidDataError)
        return error.message
      }
      expect(await fails(3)).to.include('Odd.half: expected a whole number')
      expect(await fails(-2)).to.equal('Odd.half could not be computed: its function threw Error')
      await database.transaction(async (db) => {
        const row = await db.create(Odd, { n: 4 })
        expect((await failureOf(db.update(row, { n: 5 }))).message).to.include('Odd.half')
        expect([row.n, row.half]).to.deep.equal([4, 2])
      })
      expect(await database.transaction((db) => db.count(Odd, { n: 4, half: 2 }))).to.equal(1)
    })

    for (const format of ['json', 'csv'] as const) {
      it(`are in files, and computed when these are loaded: ${format}`, async () => {
        const directory = await mkdtemp(join(tmpdir(), 'isock-computed-'))
        try {
          await database.transaction((db) => db.create(User, { email: 'ann@x.org', tags: ['a'] }))
          await database.save(directory, { format })
          const path = join(directory, `User.${format}`)
          const text = await readFile(path, 'utf8')
          expect(text).to.include('"x.org"')
          await writeFile(path, text.replace('"x.org"', format === 'json' ? '{"a": 1}' : '"other"'))
          await database.load(directory, { format, replace: true })
          expect(await database.transaction((db) => db.count(User, { domain: 'x.org', tagCount: 1 }))).to.equal(1)
          await writeFile(join(directory, `Odd.${format}`), format === 'json' ? '[{"pk":"1","n":3}]' : 'pk,n\n1,3\n')
          const error = await failureOf(database.load(directory, { format, replace: true }))
          expect(error).to.include({ row: 1, field: 'half' })
        } finally {
          await rm(directory, { recursive: true, force: true })
        }
      })
    }

    const bulkIt: typeof longIt = kind.name === 'PostgreSQL' ? longIt : it
    bulkIt('are made for existing rows, and again when that is asked', async function () {
      if (kind.name === 'libsql in memory') return
      const other = await kind.make(this)
      const opened: Database[] = []
      const open = async (...models: (typeof Page | typeof FormerPage | typeof ChangedPage)[]): Promise<Database> => {
        opened.push(await new Database({ ...other.options, models }).open())
        return opened.at(-1) as Database
      }
      try {
        const former = await open(FormerPage)
        await former.migrate()
        await former.transaction(async (db) => {
          for (let at = 0; at < 1_200; at++) await db.create(FormerPage, { title: `A Page ${at}` })
        })
        const now = await open(Page)
        const names = ['Page.slug', 'Page.length', 'Page.at', 'Page.nothing']
        expect((await now.migrate({ dryRun: true })).computedFields).to.deep.equal(names)
        expect(await former.transaction((db) => db.count(FormerPage))).to.equal(1_200)
        expect((await now.migrate()).computedFields).to.deep.equal(names)
        await now.transaction(async (db) => {
          expect(
            await db.count(Page, { slug: 'a-page-7', length: 8, at: new Date(86_400_000), nothing: null }),
          ).to.equal(1)
          expect(await db.count(Page, { slug: contains('a-page-') })).to.equal(1_200)
        })
        expect(await now.migrate()).to.deep.equal({ statements: [], removedFields: [], computedFields: [] })
        const changed = await open(ChangedPage)
        expect((await changed.migrate()).computedFields).to.deep.equal([])
        expect(await changed.transaction((db) => db.count(ChangedPage, { slug: 'a-page-7' }))).to.equal(1)
        expect((await changed.migrate({ recompute: true })).computedFields).to.deep.equal(names)
        expect(await changed.transaction((db) => db.count(ChangedPage, { slug: contains('page/A') }))).to.equal(1_200)
      } finally {
        for (const each of opened) await each.close()
        await other.remove()
      }
    })

    it('leave a table as it was where rows would have the same unique value', async function () {
      if (kind.name === 'libsql in memory') return
      const other = await kind.make(this)
      const opened: Database[] = []
      try {
        const former = await new Database({ ...other.options, models: [FormerPage] }).open()
        opened.push(former)
        await former.migrate()
        await former.transaction(async (db) => {
          for (const title of ['a b', 'A B']) await db.create(FormerPage, { title })
        })
        const now = await new Database({ ...other.options, models: [Page] }).open()
        opened.push(now)
        expect(await failureOf(now.migrate())).to.include({ name: 'ConflictError' })
        expect(await former.transaction((db) => db.count(FormerPage))).to.equal(2)
        expect((await former.migrate()).removedFields).to.deep.equal([])
      } finally {
        for (const each of opened) await each.close()
        await other.remove()
      }
    })
  })
}

describe('The declaration of a computed field', () => {
  it('is refused without a function, or with an option that it has not', async () => {
    expect(() => field.computed('text', 'x' as never)).to.throw('a function that computes it')
    expect(() => field.computed('json' as never, (() => 1) as never)).to.throw('kind of a computed field')
    expect(() => field.computed('text', () => '', { default: '' } as never)).to.throw('unknown option "default"')
    expect(() => field.computed('text', () => '', { secret: undefined } as never)).to.throw('secret')
    class Later extends Model {
      text = field.computed('text', (async () => 'x') as never)
    }
    const database = await openDatabase({ options: {}, remove: async () => undefined }, { models: [Later] })
    const error = await failureOf(database.transaction((db) => db.create(Later, {})))
    expect(error.message).to.include('Later.text returned a promise')
    await database.close()
  })

  it('gives it a type, and takes it from what may be given', () => {
    expectTypeOf<Dictionary<User>['domain']>().toEqualTypeOf<string>()
    expectTypeOf<Dictionary<User>['comesOfAgeAt']>().toEqualTypeOf<Date | null>()
    expectTypeOf<keyof CreateData<User>>().toEqualTypeOf<'email' | 'tags' | 'bornAt' | 'pk'>()
    expectTypeOf<keyof UpdateData<User>>().toEqualTypeOf<'email' | 'tags' | 'bornAt'>()
    // @ts-expect-error another type
    field.computed('integer', () => 'x')
    // @ts-expect-error it is not optional
    field.computed('text', () => null)
  })
})
