// Fields that are sets: kept, compared and asked without an order, in every store, in files and in JSON.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import { Action, Channel, type Context, Server } from 'isock'
import {
  and,
  type Change,
  type CreateData,
  contains,
  Database,
  type Dictionary,
  eq,
  type Filter,
  field,
  fromLexicons,
  InvalidDataError,
  type JsonDictionary,
  Model,
  ne,
  not,
  or,
  parseFilter,
  type UpdateData,
} from 'isock/data'
import { http } from 'isock/http'
import { createHarness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { listenWeb } from '../../lib/web.ts'
import { failureOf } from '../setup/world.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class Player extends Model {
  name = field.text({ unique: true })
  tags = field.set('text', { default: () => new Set<string>() })
  scores = field.set('integer', { optional: true })
  flags = field.set('boolean', { default: () => new Set([true]) })
  rates = field.set('number', { default: () => new Set(), set: (rates) => new Set([...rates, 1]) })
}

/** As it was before it had sets. */
class FormerTeam extends Model {
  static override modelName = 'Team'
  name = field.text({ unique: true })
}

class Team extends Model {
  name = field.text({ unique: true })
  tags = field.set('text')
  scores = field.set('integer', { optional: true })
  flags = field.set('boolean', { default: () => new Set([true, false]) })
}

class Watches extends Channel<Change> {}
class Watched extends Model {
  static override publishes = Watches
  tags = field.set('text')
}

class Scores extends Model {
  scores = field.set('integer', { unique: true })
}

const set = <T>(...items: T[]): Set<T> => new Set(items)

for (const kind of stores) {
  describeIn(kind, `Sets in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Player, Scores] })
    })

    beforeEach(() => database.transaction((db) => db.drop(Player, {})))

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    const playerOf = (name: string): Promise<Player> => database.transaction((db) => db.get(Player, { name }))

    it('come back as Sets, each item once, in one order', async () => {
      await database.transaction((db) =>
        db.create(Player, {
          name: 'ann',
          tags: set('b', 'a', 'ü', ''),
          scores: set(10, 9, -1),
          rates: set(2.5, 1e300),
        }),
      )
      const { tags, scores, flags, rates } = await playerOf('ann')
      expect([tags, scores, flags, rates]).to.deep.equal([
        set('', 'a', 'b', 'ü'),
        set(-1, 9, 10),
        set(true),
        set(1, 2.5, 1e300),
      ])
      expect([...(scores as Set<number>)]).to.deep.equal([-1, 9, 10])
    })

    it('may be given as lists, as clients of JSON send them', async () => {
      const made = await database.transaction((db) => db.create(Player, { name: 'ann', tags: ['b', 'a', 'b'] }))
      expect(made.tags).to.deep.equal(set('b', 'a'))
      await database.transaction(async (db) => {
        const row = await db.get(Player, { name: 'ann' })
        await db.update(row, { tags: ['c', 'c'] })
        row.scores = [1, 1] as never
        await db.flush()
        expect([row.tags, row.scores]).to.deep.equal([set('c'), set(1)])
      })
      expect((await playerOf('ann')).scores).to.deep.equal(set(1))
    })

    it('change when an item comes or goes, and not when it is another order', async () => {
      const changes: unknown[] = []
      const telling = new Database(
        { ...store.options, models: [Watched] },
        {
          publish: async (_topic, change) => void changes.push((change as Change).row?.['tags']),
          report: () => undefined,
        },
      )
      await telling.open()
      try {
        await telling.migrate()
        const { pk } = await telling.transaction((db) => db.create(Watched, { tags: set('a', 'b') }))
        await telling.transaction(async (db) => {
          const row = await db.get(Watched, pk)
          row.tags = set('b', 'a')
          row.tags.add('a')
        })
        expect(changes).to.deep.equal([set('a', 'b')])
        await telling.transaction(async (db) => {
          const row = await db.get(Watched, pk)
          row.tags.add('c')
          row.tags.delete('a')
        })
        expect(changes).to.deep.equal([set('a', 'b'), set('b', 'c')])
        expect((await telling.transaction((db) => db.get(Watched, pk))).tags).to.deep.equal(set('b', 'c'))
      } finally {
        await telling.close()
      }
    })

    it('are asked by their items, and as a whole', async () => {
      await database.transaction(async (db) => {
        await db.create(Player, { name: 'ab', tags: set('a', 'b'), scores: set(1, 2) })
        await db.create(Player, { name: 'b', tags: set('b'), scores: set(12), flags: set(true, false) })
        await db.create(Player, { name: 'none' })
      })
      const asked: [Filter<Player>, string[]][] = [
        [{ tags: contains('b') }, ['ab', 'b']],
        [{ tags: and(contains('a'), contains('b')) }, ['ab']],
        [{ tags: not(contains('a')) }, ['b', 'none']],
        [{ tags: or(contains('a'), eq(set('b'))) }, ['ab', 'b']],
        [{ scores: contains(2) }, ['ab']],
        [{ scores: not(contains(2)) }, ['b', 'none']],
        [{ flags: contains(false) }, ['b']],
        [{ tags: set('b', 'a') }, ['ab']],
        [{ tags: ['b', 'a', 'b'] }, ['ab']],
        [{ tags: eq(set<string>()) }, ['none']],
        [{ tags: ne(set('b')) }, ['ab', 'none']],
        [{ scores: ne(set(1, 2)) }, ['b', 'none']],
        [{ scores: null }, ['none']],
        [{ scores: not(eq(set(2, 1))) }, ['b', 'none']],
      ]
      for (const [filter, names] of asked) {
        const rows = await database.transaction((db) => db.query(Player, filter, { sort: 'name' }))
        const found = rows.map(({ name }) => name)
        expect(found, names.join()).to.deep.equal(names)
      }
      const fields = ['tags', 'scores', 'name'] as const
      const jsonAsked: [unknown, string[]][] = [
        [{ tags: ['b', 'a'] }, ['ab']],
        [{ tags: { contains: 'b', lacks: 'a' } }, ['b']],
        [{ tags: { ne: [] }, scores: { lacks: 12 } }, ['ab']],
        [fromLexicons({ tags__includes: 'b', tags__excludes: 'a' }).filter, ['b']],
        [fromLexicons({ scores__eq: [2, 1] }).filter, ['ab']],
      ]
      for (const [json, names] of jsonAsked) {
        const filter = parseFilter(json, Player, { fields })
        const rows = await database.transaction((db) => db.query(Player, filter, { sort: 'name' }))
        expect(
          rows.map(({ name }) => name),
          JSON.stringify(json),
        ).to.deep.equal(names)
      }
    })

    it('are refused where something else is given or asked', async () => {
      const wrong = [7, 'a', { a: 1 }, new Map([['a', 1]]), [1], new Set<unknown>(['a', 1]), [['a']], set('\0'), null]
      for (const tags of wrong as never[]) {
        const error = await failureOf(database.transaction((db) => db.create(Player, { name: 'x', tags })))
        expect(error, String(tags)).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include('Player.tags')
      }
      for (const filter of [
        { tags: contains(7) },
        { tags: { contains: 'a' } },
        { tags: set(1) },
        { tags: contains(set('a') as never as string) },
      ])
        expect(await failureOf(database.transaction((db) => db.count(Player, filter as never)))).to.be.instanceOf(
          InvalidDataError,
        )
      for (const [json, part] of [
        [{ tags: { in: [['a']] } }, 'in cannot be used with set'],
        [{ tags: { gt: ['a'] } }, 'gt cannot be used with set'],
        [{ tags: { contains: ['a'] } }, 'Player.tags'],
        [{ tags: { matches: 'a' } }, 'matches cannot be used with set'],
      ] as const) {
        const filter = parseFilter(json, Player, { fields: ['tags'] })
        const error = await failureOf(database.transaction((db) => db.count(Player, filter)))
        expect(error).to.be.instanceOf(InvalidDataError)
        expect(error.message).to.include(part)
      }
      expect(await failureOf(database.transaction((db) => db.query(Player, {}, { sort: 'tags' })))).to.be.instanceOf(
        InvalidDataError,
      )
      expect(
        await failureOf(database.transaction((db) => db.query(Player, {}, { limit: 1, sort: '-scores' }))),
      ).to.be.instanceOf(InvalidDataError)
    })

    it('may be unique, whatever their order', async () => {
      await database.transaction((db) => db.create(Scores, { scores: set(1, 2) }))
      const error = await failureOf(database.transaction((db) => db.create(Scores, { scores: set(2, 1) })))
      expect(error).to.include({ name: 'ConflictError', field: 'scores' })
      const { isNew } = await database.transaction((db) => db.getOrCreate(Scores, { scores: set(2, 1) }))
      expect(isNew).to.equal(false)
      const rates = set(2)
      for (const expected of [true, false]) {
        const found = await database.transaction((db) => db.getOrCreate(Player, { name: 'ann', rates }))
        expect([found.isNew, found.row.rates]).to.deep.equal([expected, set(1, 2)])
      }
      // As clients of JSON send it.
      const again = await database.transaction((db) => db.getOrCreate(Player, { name: 'ann', rates: [2] }))
      expect([again.isNew, again.row.rates]).to.deep.equal([false, set(1, 2)])
    })

    for (const format of ['json', 'csv'] as const) {
      it(`go into files and come back: ${format}`, async () => {
        const directory = await mkdtemp(join(tmpdir(), 'isock-sets-'))
        try {
          await database.transaction(async (db) => {
            await db.create(Player, { name: 'ann', tags: set('b', "a'"), scores: set(3) })
            await db.create(Player, { name: 'bob' })
          })
          await database.save(directory, { format })
          const text = await readFile(join(directory, `Player.${format}`), 'utf8')
          expect(text).to.include(format === 'json' ? `["a'","b"]` : `"[""a'"",""b""]"`)
          await database.load(directory, { format, replace: true })
          const [ann, bob] = [await playerOf('ann'), await playerOf('bob')]
          expect([ann.tags, ann.scores, bob.tags, bob.scores]).to.deep.equal([set("a'", 'b'), set(3), set(), null])
        } finally {
          await rm(directory, { recursive: true, force: true })
        }
      })
    }

    it("are loaded from Python's sets", async () => {
      const directory = await mkdtemp(join(tmpdir(), 'isock-sets-'))
      try {
        await writeFile(
          join(directory, 'Player.csv'),
          `pk,name,tags,scores\n1,ann,"{'b', 'a'}","{2, 1}"\n2,bob,set(),"[1, 1]"\n`,
        )
        await database.load(directory, { format: 'csv', replace: true })
        const [ann, bob] = [await playerOf('ann'), await playerOf('bob')]
        expect([ann.tags, ann.scores, bob.tags, bob.scores]).to.deep.equal([set('a', 'b'), set(1, 2), set(), set(1)])
        await writeFile(join(directory, 'Player.csv'), `pk,name,tags\n1,ann,"{'b', 1}"\n`)
        expect((await failureOf(database.load(directory, { format: 'csv', replace: true }))).message).to.include(
          'row 1, column tags',
        )
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    })

    it('are added to a table that has rows', async function () {
      const other = await kind.make(this)
      try {
        const former = await openDatabase(other, { models: [FormerTeam] })
        if (kind.name === 'libsql in memory') return await former.close()
        await former.transaction((db) => db.create(FormerTeam, { name: 'ann' }))
        await former.close()
        const now = await openDatabase(other, { models: [Team] })
        const { tags, scores, flags } = await now.transaction((db) => db.get(Team, { name: 'ann' }))
        expect([tags, scores, flags]).to.deep.equal([set(), null, set(false, true)])
        expect((await now.migrate()).statements).to.deep.equal([])
        await now.close()
      } finally {
        await other.remove()
      }
    })
  })
}

describe('Sets for clients', () => {
  class Show extends Action {
    override async action({ tags }: { readonly tags: string[] }, { db }: Context) {
      return db.create(Player, { name: 'ann', tags })
    }
  }

  it('are Sets for clients of isock, and lists in JSON', async () => {
    const harness = await createHarness({ actions: [new Show()], server: { features: [data({ models: [Player] })] } })
    try {
      const shown = await harness.client.runAction(Show, { tags: ['b', 'a'] })
      expect(shown.tags).to.deep.equal(set('b', 'a'))
    } finally {
      await harness.close()
    }
    const server = new Server({ port: 0, features: [data({ models: [Player] })] })
    server.addAction(new Show())
    await server.listen()
    const web = await listenWeb(server, { port: 0, gateways: [http()] })
    try {
      const response = await fetch(`${web.url}/actions/Show`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ tags: ['b', 'a', 'b'] }),
      })
      const body = (await response.json()) as { readonly tags: string[] }
      expect(body).to.deep.include({ scores: null, flags: [true] })
      expect(body.tags).to.have.members(['a', 'b'])
    } finally {
      await server.shutdown({ graceMs: 1_000 })
    }
  })

  it('are lists in the JSON of a row, and Sets in its dictionary', async () => {
    const database = await openDatabase({ options: {}, remove: async () => undefined }, { models: [Player] })
    const row = await database.transaction((db) => db.create(Player, { name: 'ann', tags: set('b', 'a') }))
    expect(row.toDict().tags).to.deep.equal(set('b', 'a'))
    expect(JSON.parse(JSON.stringify(row))).to.deep.equal({
      pk: row.pk,
      name: 'ann',
      tags: ['a', 'b'],
      scores: null,
      flags: [true],
      rates: [1],
    })
    await database.close()
  })

  it('are declared with items that can be told apart, and a default of each row', () => {
    expect(() => field.set('text', { default: new Set(['a']) })).to.throw('pass a function that creates one')
    // @ts-expect-error two objects are never the same
    expect(() => field.set('json')).to.throw('items of a set')
  })

  it('have the types of Sets', () => {
    expectTypeOf<Player['tags']>().toExtend<Set<string>>()
    expectTypeOf<Dictionary<Player>['tags']>().toEqualTypeOf<Set<string>>()
    expectTypeOf<Dictionary<Player>['scores']>().toEqualTypeOf<Set<number> | null>()
    expectTypeOf<JsonDictionary<Player>['scores']>().toEqualTypeOf<number[] | null>()
    expectTypeOf<CreateData<Player>['tags']>().toEqualTypeOf<
      Set<string> | ReadonlySet<string> | readonly string[] | undefined
    >()
    expectTypeOf<UpdateData<Player>>().toHaveProperty('scores')
    const check = (_filter: Filter<Player>): void => undefined
    // @ts-expect-error an item of another kind
    check({ tags: contains(7) })
    // @ts-expect-error a set of other items
    check({ tags: eq(set(1)) })
  })
})
