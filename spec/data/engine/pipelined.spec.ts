// Statements of PostgreSQL that go out with what begins or ends their transaction: what goes over the wire, and what is so at the store.
import { expect } from 'chai'
import { field, Model } from 'isock/data'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { runIn } from '../../../lib/features/data/engine/durable-store.ts'
import { Engine, type Manager } from '../../../lib/features/data/engine/engine.ts'
import { Beginning, type KnexQuery, type PgDriver, runBetween } from '../../../lib/features/data/engine/pipelined.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { failureOf } from '../../setup/world.ts'
import { stores, type TestStore } from '../stores.ts'

describe('Statements that go out with another one', () => {
  let sent: unknown[]
  let driver: PgDriver
  let isUnbindable: boolean
  /** Answers of the store: each statement's, then all is done. */
  let answer: (...rows: string[]) => void

  const wire = {
    stream: { cork: () => sent.push('cork'), uncork: () => sent.push('uncork') },
    parse: ({ text }: { readonly text: string }) => void sent.push(`parse ${text}`),
    bind: () => void sent.push('bind'),
    execute: () => void sent.push('execute'),
    sync: () => void sent.push('sync'),
  }

  class Query {
    readonly #done: (error: Error | null, response: unknown) => void
    readonly #text: string
    readonly results: unknown[] = []

    constructor(
      { text, name }: { readonly text: string; readonly name?: string },
      _: undefined,
      done: (error: Error | null, response: unknown) => void,
    ) {
      this.#text = name === undefined ? text : `${name}: ${text}`
      this.#done = done
    }

    submit(): null {
      if (isUnbindable) throw new Error('no such value')
      sent.push(this.#text)
      ;(this._getRows as (given: typeof wire) => void)(wire)
      return null
    }

    _getRows(): void {
      sent.push('execute', 'sync')
    }

    handleCommandComplete(message: unknown): void {
      this.results.push(message)
    }

    end(): void {
      this.#done(null, this.results)
    }
  }

  const connection = {
    query: (query: Query): void => {
      ;(query.submit as (given: typeof wire) => void)(wire)
      answer = (...rows) => {
        for (const row of rows) (query.handleCommandComplete as (row: unknown, given: typeof wire) => void)(row, wire)
        query.end()
      }
    },
  }

  beforeEach(() => {
    sent = []
    isUnbindable = false
    driver = { Query } as unknown as PgDriver
  })

  const run = (query: KnexQuery, ...before: string[]) => runBetween(driver, connection as never, before, query)
  const each = (text: string): string[] => [`parse ${text}`, 'bind', 'execute']

  it('go out in one write with a statement that has values, and their answers are nobody’s', async () => {
    const query: KnexQuery = { sql: 'insert $1', bindings: ['a'] }
    const running = run(query, 'begin', 'set local x = 1')
    const first = ['cork', ...each('begin'), ...each('set local x = 1'), 'insert $1', 'execute', 'sync', 'uncork']
    expect(sent).to.deep.equal(first)
    answer('BEGIN', 'SET', 'INSERT 0 1')
    expect(await running).to.equal(query)
    expect(query.response).to.deep.equal(['INSERT 0 1'])
  })

  it('go out before the Sync where they follow it', async () => {
    const query: KnexQuery = { sql: 'insert $1', bindings: ['a'], preparedAs: 'known', followedBy: ['commit'] }
    const running = run(query)
    expect(sent).to.deep.equal(['cork', 'known: insert $1', 'execute', ...each('commit'), 'sync', 'uncork'])
    answer('INSERT 0 1', 'COMMIT')
    await running
    expect(query.response).to.deep.equal(['INSERT 0 1'])
  })

  it('may be on both sides of it, where it has no name', async () => {
    const query: KnexQuery = { sql: 'insert $1', bindings: ['a'], preparedAs: 'known', followedBy: ['commit'] }
    const running = run(query, 'begin')
    const all = ['cork', ...each('begin'), 'insert $1', 'execute', ...each('commit'), 'sync', 'uncork']
    expect(sent).to.deep.equal(all)
    answer('BEGIN', 'INSERT 0 1', 'COMMIT')
    await running
    expect(query.response).to.deep.equal(['INSERT 0 1'])
  })

  it('are in the text of one without values', async () => {
    const query: KnexQuery = { sql: 'insert it', followedBy: ['commit'] }
    const running = run(query, 'begin', 'set local x = 1')
    expect(sent[0]).to.equal('begin; set local x = 1; insert it; commit')
    answer('BEGIN', 'SET', 'INSERT 0 1', 'COMMIT')
    await running
    expect(query.response).to.deep.equal(['INSERT 0 1'])
  })

  it('leave the connection writable where the statement cannot be written', async () => {
    isUnbindable = true
    expect((await failureOf(run({ sql: 'insert $1', bindings: [1] }, 'begin'))).message).to.equal('no such value')
    expect(sent.at(-1)).to.equal('uncork')
  })

  it('are taken once, and not sent where the transaction ends before them', () => {
    for (const [query, isEnd] of [
      ['COMMIT;', true],
      ['commit', true],
      ['ROLLBACK', true],
      ['rollback to savepoint a', false],
      ['execute it; COMMIT', false],
      [{ sql: 'commit' }, false],
    ] as const)
      expect(new Beginning(['begin']).endsWith(query), JSON.stringify(query)).to.equal(isEnd)
    const begun = new Beginning(['begin'])
    expect([begun.take(), begun.take()]).to.deep.equal([['begin'], []])
    expect(begun.endsWith('COMMIT;')).to.equal(false)
  })
})

class Note extends Model {
  text = field.text()
}

const postgres = stores.find(({ name }) => name === 'PostgreSQL')
if (postgres !== undefined)
  describe('A transaction of PostgreSQL that has begun', () => {
    let store: TestStore
    let engine: Engine
    let manager: Manager
    let marks: string

    beforeEach(async function () {
      store = await postgres.make(this)
      const publisher = { publish: async (): Promise<void> => undefined, report: (): void => undefined }
      const options = resolveDataOptions({ models: [Note], ...store.options, maxConnections: 2 })
      engine = await Engine.open(new Plans([Note]), options, publisher)
      manager = engine.fork()
      marks = `"${store.options.schema}".marks`
      await run(`create table ${marks} (mark text primary key)`)
    })

    afterEach(async () => {
      await engine.close()
      await store.remove()
    })

    const run = (sql: string, by = engine.fork(), values: readonly string[] = []) => runIn(by, sql, values)
    const kept = async () => (await run(`select mark from ${marks} order by mark`)).map(({ mark }) => mark)
    /** Transactions that are open in the schema's store, by what they did last. */
    const open = async () => {
      const sql = "select query from pg_stat_activity where state like 'idle in transaction%' and query like ?"
      return (await run(sql, engine.fork(), [`%${store.options.schema}%`])).length
    }

    it('is none at the store before its first statement', async () => {
      await manager.begin()
      expect(await open()).to.equal(0)
      await run(`insert into ${marks} values (?)`, manager, ['a'])
      expect(await open()).to.equal(1)
      await run(`insert into ${marks} values (?)`, manager, ['b'])
      expect(await kept()).to.deep.equal([])
      await manager.commit()
      expect(await open()).to.equal(0)
      expect(await kept()).to.deep.equal(['a', 'b'])
    })

    it('keeps nothing of its first statement when it is rolled back', async () => {
      for (const values of [['a'], []]) {
        await manager.begin()
        await run(`insert into ${marks} values (${values.length > 0 ? '?' : "'a'"})`, manager, values)
        await manager.rollback()
        expect(await kept()).to.deep.equal([])
      }
    })

    it('may end without one, and its connection serves others', async () => {
      for (let i = 0; i < 5; i++) {
        await manager.begin()
        await (i % 2 === 0 ? manager.commit() : manager.rollback())
      }
      expect(await kept()).to.deep.equal([])
    })

    it('is undone where its first statement fails, whatever it is', async () => {
      await run(`insert into ${marks} values ('a')`)
      const failing: (readonly [sql: string, values: readonly string[]])[] = [
        [`insert into ${marks} values (?)`, ['a']],
        [`insert into ${marks} values ('a')`, []],
        ['no SQL at all', []],
        ['nor this: ?', ['a']],
      ]
      for (const [sql, values] of failing)
        for (let i = 0; i < 3; i++) {
          await manager.begin()
          expect(await failureOf(run(sql, manager, values)), sql).to.be.instanceOf(Error)
          await manager.rollback()
        }
      await manager.begin()
      await run(`insert into ${marks} values (?)`, manager, ['b'])
      await manager.commit()
      expect(await kept()).to.deep.equal(['a', 'b'])
    })
  })
