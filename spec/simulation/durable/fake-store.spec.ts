// What the fake store does where two transactions meet, and that a real PostgreSQL does the same.
import { createRequire } from 'node:module'
import { expect } from 'chai'
import type { DurableStore } from '../../../lib/features/data/durable/durable-store.ts'
import { ListedRows } from '../../../lib/features/data/durable/listed-rows.ts'
import { makePostgres, postgresUrl, queryPostgres, type TestStore } from '../../data/stores.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { SimClock } from '../sim-clock.ts'
import { FakeStore } from './fake-store.ts'
import type { Value } from './sql.ts'

type Rows = readonly Readonly<Record<string, unknown>>[]

/** One connection. */
interface Connection {
  run(sql: string, values?: readonly Value[]): Promise<Rows>
}

interface Store {
  connect(): Promise<Connection>
  /** Settles when a statement waits for a lock. */
  whenWaiting(): Promise<void>
  close(): Promise<void>
}

const upsert = `insert into isock_answer as held (session, slot, seq, state, action, items, answer)
  values (?, ?, ?, 2, 'Pay', null, null) on conflict (session, slot) do update set seq = excluded.seq
  where held.seq < excluded.seq returning seq`
const session = `insert into isock_session (id, secret_hash, identity, slots, node, generation)
  values (?, ?, null, 4, 'a', 1) on conflict (id) do nothing`
const secret = new Uint8Array([1, 2])
/** Of a store, for statements that are only read. */
const pages: Omit<DurableStore, 'read'> = {
  isPostgres: true,
  nameOf: (table) => table,
  transaction: () => Promise.reject(new Error('nothing is written')),
  lacksReference: () => false,
}

async function fakeStore(): Promise<Store> {
  const clock = new SimClock()
  const store = new FakeStore(clock, 60_000)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    connect: async () => {
      const backend = store.connect(() => undefined)
      return { run: async (sql, values = []) => (await backend.execute(sql, values)) as Rows }
    },
    // A deadlock is looked for after a while.
    whenWaiting: async () => {
      let isOver = false
      clock.setTimer(() => {
        isOver = true
      }, 2_000)
      while (!isOver) {
        await turn()
        clock.step()
      }
      await turn()
    },
    close: async () => undefined,
  }
}

const pg = createRequire(import.meta.resolve('@mikro-orm/postgresql'))('pg') as {
  Client: new (
    options: object,
  ) => {
    on(event: 'error', listener: () => void): void
    connect(): Promise<void>
    query(sql: string, values: unknown[]): Promise<{ rows: Rows }>
    end(): Promise<void>
  }
}

async function postgresStore({ options }: TestStore): Promise<Store> {
  const { schema } = options
  const create = (name: string, columns: string) => queryPostgres(`create table "${schema}".${name} (${columns})`)
  await create(
    'isock_session',
    'id text primary key, secret_hash bytea, identity text, slots int, node text, generation bigint, cut_at bigint',
  )
  await create(
    'isock_answer',
    `session text references "${schema}".isock_session (id) on delete cascade, slot int, seq int, state int, action text,
     items bytea, answer bytea, at bigint, primary key (session, slot)`,
  )
  await create('isock_node', 'life text primary key, seen_at bigint')
  await create('account', 'id int primary key, entries int')
  const clients: InstanceType<typeof pg.Client>[] = []
  return {
    connect: async () => {
      const client = new pg.Client({ connectionString: postgresUrl, options: `-c search_path=${schema}` })
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return {
        run: async (sql, values = []) => {
          let at = 0
          const numbered = sql.replace(/\?/g, () => `$${++at}`)
          return (
            await client.query(
              numbered,
              values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)),
            )
          ).rows
        },
      }
    },
    whenWaiting: async () => {
      const waits = async () => (await queryPostgres('select 1 from pg_locks where not granted')).length > 0
      await waitFor(waits, { timeoutMs: 10_000 })
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}

const codeOf = (running: Promise<unknown>): Promise<unknown> =>
  running.then(
    () => 'ok',
    (error: { readonly code?: string }) => error.code,
  )

describe('The fake store', () => meets(fakeStore))

describe('PostgreSQL, which the fake store stands for', () => {
  let place: TestStore

  before(async function () {
    place = await makePostgres(this)
  })

  after(() => place?.remove())

  meets(() => postgresStore(place))
})

function meets(open: () => Promise<Store>): void {
  let store: Store
  let one: Connection
  let two: Connection
  let id = 0

  before(async () => {
    store = await open()
  })

  beforeEach(async () => {
    one = await store.connect()
    two = await store.connect()
    await one.run(session, [`s${++id}`, secret])
  })

  after(() => store.close())

  it('lets a second writer of an answer wait, who then finds that it is there', async () => {
    await one.run('begin')
    expect((await one.run(upsert, [`s${id}`, 1, 5])).map(({ seq }) => seq)).to.deep.equal([5])
    await two.run('begin')
    const second = two.run(upsert, [`s${id}`, 1, 5])
    await store.whenWaiting()
    await one.run('commit')
    expect(await second).to.deep.equal([])
    await two.run('commit')
  })

  it('lets the second writer write where the first one was undone', async () => {
    await one.run('begin')
    await one.run(upsert, [`s${id}`, 1, 5])
    await two.run('begin')
    const second = two.run(upsert, [`s${id}`, 1, 5])
    await store.whenWaiting()
    await one.run('rollback')
    expect(await second).to.have.length(1)
    await two.run('commit')
  })

  it('judges a row again that was changed while a statement waited for it', async () => {
    const adopt = 'update isock_session set generation = generation + 1 where id = ? and generation = ? returning id'
    await one.run('begin')
    expect(await one.run(adopt, [`s${id}`, 1])).to.have.length(1)
    const second = two.run(adopt, [`s${id}`, 1])
    await store.whenWaiting()
    await one.run('commit')
    expect(await second).to.have.length(0)
  })

  it('refuses an answer whose session is deleted meanwhile, and deletes answers with it', async () => {
    await one.run('begin')
    await one.run('delete from isock_session where id = ?', [`s${id}`])
    const second = codeOf(two.run(upsert, [`s${id}`, 1, 5]))
    await store.whenWaiting()
    await one.run('commit')
    expect(await second).to.equal('23503')
    expect(await one.run('select seq from isock_answer where session = ?', [`s${id}`])).to.have.length(0)
  })

  it('lets who deletes a session wait for an answer that refers to it, but not who changes it', async () => {
    await one.run('begin')
    await one.run(upsert, [`s${id}`, 1, 5])
    expect(await two.run('update isock_session set node = null where id = ? returning id', [`s${id}`])).to.have.length(
      1,
    )
    const deletion = two.run('delete from isock_session where id = ?', [`s${id}`])
    await store.whenWaiting()
    await one.run('commit')
    await deletion
    expect(await one.run('select seq from isock_answer where session = ?', [`s${id}`])).to.have.length(0)
  })

  it('lists sessions in pages, with the sums of their answers, and calls by slot', async () => {
    const insert = `insert into isock_answer (session, slot, seq, state, action, items, answer, at)
      values (?, ?, ?, ?, 'Pay', ?, ?, 7)`
    const rows = new ListedRows({ ...pages, read: one.run }, 'a', 1_000)
    const own = `s${id}`
    await one.run(insert, [own, 2, 6, 2, secret, secret])
    await one.run(insert, [own, 1, 5, 3, null, secret])
    await one.run(insert, [own, 0, 4, 1, null, secret])
    await one.run(insert, [own, 3, 7, 4, null, null])
    const all = await rows.list({ after: '', limit: 500 })
    expect(all.map((each) => each.id)).to.deep.equal(all.map((each) => each.id).sort())
    const found = all.find((each) => each.id === own)
    expect(found).to.include({ node: 'a', isNodeAlive: false, generation: 1, cutAtMs: undefined, answers: 2, bytes: 6 })
    const now = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
    await one.run(`insert into isock_node (life, seen_at) values ('a', ${now}) on conflict (life) do nothing`)
    expect((await rows.list({ after: '', limit: 500 })).every(({ isNodeAlive }) => isNodeAlive)).to.equal(true)
    expect(await rows.list({ after: all[0]?.id as string, limit: 1 })).to.have.length(Math.min(1, all.length - 1))
    expect(await rows.idsOf(own)).to.include(own)
    const calls = await rows.calls(own, { after: 0, limit: 2 })
    expect(
      calls.map(({ slot, seq, state, outcome, bytes, atMs }) => [slot, seq, state, outcome, bytes, atMs]),
    ).to.deep.equal([
      [1, 5, 'answered', 'error', 2, 7],
      [2, 6, 'answered', 'value', 4, 7],
    ])
    const [started] = await rows.calls(own, { after: -1, limit: 1 })
    const [cut] = await rows.calls(own, { after: 2, limit: 1 })
    expect([started?.state, started?.bytes, cut?.state, cut?.bytes]).to.deep.equal(['started', 0, 'unknown', 0])
    await one.run('delete from isock_node where life = ?', ['a'])
  })

  it('ends one of two transactions that wait for each other', async () => {
    const count = `insert into account as held (id, entries) values (?, 1)
      on conflict (id) do update set entries = held.entries + 1`
    await one.run('begin')
    await two.run('begin')
    await one.run(count, [2 * id])
    await two.run(count, [2 * id + 1])
    const waiting = codeOf(one.run(count, [2 * id + 1]).finally(() => one.run('rollback')))
    const crossing = codeOf(two.run(count, [2 * id]).finally(() => two.run('rollback')))
    await store.whenWaiting()
    expect([await waiting, await crossing].sort()).to.deep.equal(['40P01', 'ok'])
  })

  it('runs nothing more in a transaction of which a statement has failed, and commits nothing of it', async () => {
    await one.run('begin')
    await one.run(upsert, [`s${id}`, 1, 5])
    expect(await codeOf(one.run(upsert, ['nobody', 1, 5]))).to.equal('23503')
    expect(await codeOf(one.run(upsert, [`s${id}`, 2, 6]))).to.equal('25P02')
    await one.run('commit')
    expect(await two.run('select seq from isock_answer where session = ?', [`s${id}`])).to.have.length(0)
  })
}
