// What operators read of the sessions in a store: pages, the life of their servers, and the lengths of their answers.
import { expect } from 'chai'
import { Database } from 'isock/data'
import { durableStore } from '../../../lib/features/data/database.ts'
import type { DurableStore, Value } from '../../../lib/features/data/durable/durable-store.ts'
import { ListedRows } from '../../../lib/features/data/durable/listed-rows.ts'

const hour = 3_600_000

describe('The listed rows of sessions', () => {
  let database: Database
  let store: DurableStore
  let rows: ListedRows

  beforeEach(async () => {
    database = await new Database({ models: [], url: 'memory:' }).open()
    store = await database[durableStore]()
    rows = new ListedRows(store, 'own', hour)
  })

  afterEach(() => database.close())

  const addSession = (id: string, node: string | null, more: { identity?: string; cutAt?: number } = {}) =>
    store.transaction((run) =>
      run(
        `insert into ${store.nameOf('isock_session')} (id, secret_hash, identity, slots, node, generation, cut_at)
         values (?, ?, ?, 4, ?, 7, ?)`,
        [id, new Uint8Array(1), more.identity ?? null, node, more.cutAt ?? null],
      ),
    )
  const addNode = (life: string, seenAt: number) =>
    store.transaction((run) =>
      run(`insert into ${store.nameOf('isock_node')} (life, seen_at) values (?, ?)`, [life, seenAt]),
    )
  /** slot, seq, state, items, answer, at */
  const addAnswer = (session: string, ...values: readonly Value[]) =>
    store.transaction((run) =>
      run(
        `insert into ${store.nameOf('isock_answer')} (session, slot, seq, state, action, items, answer, at)
         values (?, ?, ?, ?, 'Pay', ?, ?, ?)`,
        [session, ...values],
      ),
    )
  const bytes = (length: number): Uint8Array => new Uint8Array(length)

  it('have the name of this server', () => {
    expect(rows.node).to.equal('own')
  })

  it('say all that is known of a session', async () => {
    await addSession('a', 'n1', { identity: 'ann', cutAt: 0 })
    await addSession('b', null)
    expect(await rows.list({ after: '', limit: 10 })).to.deep.equal([
      {
        id: 'a',
        identity: 'ann',
        node: 'n1',
        isNodeAlive: false,
        generation: 7,
        cutAtMs: 0,
        answers: 0,
        bytes: 0,
      },
      {
        id: 'b',
        identity: undefined,
        node: undefined,
        isNodeAlive: false,
        generation: 7,
        cutAtMs: undefined,
        answers: 0,
        bytes: 0,
      },
    ])
  })

  it('call a server alive that was seen within the time after which it is gone', async () => {
    const now = Date.now()
    await addNode('new', now)
    await addNode('recent', now - hour / 2)
    await addNode('old', now - hour - 1)
    for (const node of ['new', 'old', 'recent', 'unseen']) await addSession(node, node)
    await addSession('free', null)
    const listed = await rows.list({ after: '', limit: 10 })
    expect(listed.filter(({ isNodeAlive }) => isNodeAlive).map(({ id }) => id)).to.deep.equal(['new', 'recent'])
  })

  it('are pages in the order of ids, after an id that is left out', async () => {
    for (const id of ['c', 'a', 'd', 'b']) await addSession(id, null)
    const ids = async (after: string, limit: number) => (await rows.list({ after, limit })).map(({ id }) => id)
    expect(await ids('', 2)).to.deep.equal(['a', 'b'])
    expect(await ids('b', 2)).to.deep.equal(['c', 'd'])
    expect(await ids('b', 1)).to.deep.equal(['c'])
    expect(await ids('d', 2)).to.deep.equal([])
  })

  it('count the answers of sessions that are kept, and the bytes of answers and items', async () => {
    await addSession('a', null)
    await addSession('b', null)
    await addAnswer('a', 0, 1, 2, bytes(100), bytes(10), 1)
    await addAnswer('a', 1, 2, 3, null, bytes(5), 1)
    // One that runs has the mark of its start; one that was dropped has nothing.
    await addAnswer('a', 2, 3, 1, bytes(1_000), bytes(1_000), 1)
    await addAnswer('a', 3, 4, 2, bytes(1_000), null, 1)
    await addAnswer('b', 0, 1, 2, null, bytes(3), 1)
    const listed = await rows.list({ after: '', limit: 10 })
    expect(listed.map((each) => [each.answers, each.bytes])).to.deep.equal([
      [2, 115],
      [1, 3],
    ])
  })

  it('count those of twenty sessions in one statement, and the clients have a turn in between', async () => {
    const ids = Array.from({ length: 41 }, (_, i) => `s${String(i).padStart(2, '0')}`)
    for (const id of ids) {
      await addSession(id, null)
      await addAnswer(id, 0, 1, 2, null, bytes(Number(id.slice(1)) + 1), 1)
    }
    const counted: number[] = []
    const read: DurableStore['read'] = (sql, values = []) => {
      if (sql.includes('count(*)')) counted.push(values.length)
      return store.read(sql, values)
    }
    const listed = await new ListedRows({ ...store, read }, 'own', hour).list({ after: '', limit: 50 })
    expect(counted).to.deep.equal([20, 20, 1])
    expect(listed.map((each) => each.answers)).to.deep.equal(ids.map(() => 1))
    expect(listed.map((each) => each.bytes)).to.deep.equal(ids.map((_, i) => i + 1))
    counted.length = 0
    await new ListedRows({ ...store, read }, 'own', hour).list({ after: '', limit: 20 })
    expect(counted).to.deep.equal([20])
  })

  it('wait for a turn before all counts but the first', async () => {
    const order: string[] = []
    const read: DurableStore['read'] = async (sql) => {
      if (sql.includes('count(*)')) {
        order.push('count')
        setImmediate(() => order.push('turn'))
        return []
      }
      return Array.from({ length: 21 }, (_, i) => ({ id: `s${i}`, node: null, identity: null, cut_at: null }))
    }
    await new ListedRows({ ...store, read }, 'own', hour).list({ after: '', limit: 50 })
    expect(order.slice(0, 3)).to.deep.equal(['count', 'turn', 'count'])
  })

  it('ask nothing of servers if no session has one', async () => {
    const asked: string[] = []
    const read: DurableStore['read'] = (sql, values) => {
      asked.push(sql)
      return store.read(sql, values)
    }
    await addSession('a', null)
    await new ListedRows({ ...store, read }, 'own', hour).list({ after: '', limit: 50 })
    expect(asked.filter((sql) => sql.includes('isock_node'))).to.deep.equal([])
    expect(asked).to.have.length(2)
  })

  it('find the first two ids that begin with some digits', async () => {
    for (const id of ['1f', '20', '2aff', '2fff', '30']) await addSession(id, null)
    expect(await rows.idsOf('2')).to.deep.equal(['20', '2aff'])
    expect(await rows.idsOf('2f')).to.deep.equal(['2fff'])
    expect(await rows.idsOf('20')).to.deep.equal(['20'])
    expect(await rows.idsOf('1')).to.deep.equal(['1f'])
    expect(await rows.idsOf('4')).to.deep.equal([])
  })

  it('say of each call what became of it', async () => {
    await addSession('a', null)
    await addSession('b', null)
    await addAnswer('a', 4, 15, 5, null, bytes(1), 0)
    await addAnswer('a', 0, 11, 1, bytes(8), bytes(8), 3)
    await addAnswer('a', 1, 12, 2, bytes(3), bytes(4), 5)
    await addAnswer('a', 2, 13, 3, null, bytes(2), null)
    await addAnswer('a', 3, 14, 4, bytes(6), null, 9)
    await addAnswer('b', 0, 99, 2, null, null, 1)
    const started = { slot: 0, seq: 11, action: 'Pay', state: 'started', outcome: undefined, bytes: 0, atMs: 3 }
    const value = { slot: 1, seq: 12, action: 'Pay', state: 'answered', outcome: 'value', bytes: 7, atMs: 5 }
    const error = { slot: 2, seq: 13, action: 'Pay', state: 'answered', outcome: 'error', bytes: 2, atMs: undefined }
    const unknown = { slot: 3, seq: 14, action: 'Pay', state: 'unknown', outcome: undefined, bytes: 6, atMs: 9 }
    const buried = { slot: 4, seq: 15, action: 'Pay', state: 'answered', outcome: 'not started', bytes: 1, atMs: 0 }
    expect(await rows.calls('a', { after: -1, limit: 9 })).to.deep.equal([started, value, error, unknown, buried])
    expect(await rows.calls('a', { after: 0, limit: 2 })).to.deep.equal([value, error])
    expect(await rows.calls('a', { after: 4, limit: 2 })).to.deep.equal([])
  })
})
