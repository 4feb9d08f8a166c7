// The rows of rooms and messages: numbers without gaps, pages, the identity of a store, and what is deleted.
import { expect } from 'chai'
import { Database } from 'isock/data'
import type { LoggedMessage, LogRoom, OutgoingMessage } from '../../../lib/core/server/message-logs.ts'
import { Packed } from '../../../lib/core/wire/bytes/packed.ts'
import { durableStore } from '../../../lib/features/data/database.ts'
import type { DurableStore, Value } from '../../../lib/features/data/durable/durable-store.ts'
import { RoomRows } from '../../../lib/features/data/durable/room-rows.ts'

const outgoing = (key: string, item = 'text', more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  channel: 'News',
  key,
  item,
  to: undefined,
  except: undefined,
  ...more,
})
const room = (key: string, channel = 'News'): LogRoom => ({ channel, key })

describe('The rows of rooms', () => {
  let database: Database
  let store: DurableStore
  let asked: { sql: string; values: readonly Value[] }[]
  let rows: RoomRows

  beforeEach(async () => {
    database = await new Database({ models: [], url: 'memory:' }).open()
    const own = await database[durableStore]()
    asked = []
    const note = (sql: string, values: readonly Value[] = []): void => void asked.push({ sql, values })
    store = {
      ...own,
      read: (sql, values) => {
        note(sql, values)
        return own.read(sql, values)
      },
      transaction: (work) =>
        own.transaction((run) =>
          work((sql, values) => {
            note(sql, values)
            return run(sql, values)
          }),
        ),
    }
    rows = new RoomRows(store, false)
  })

  afterEach(() => database.close())

  const write = (messages: readonly OutgoingMessage[], batch = 'b'): Promise<LoggedMessage[]> =>
    store.transaction((run) => rows.write(run, messages, batch))
  const found = (messages: readonly OutgoingMessage[], batch = 'b'): Promise<LoggedMessage[] | undefined> =>
    store.transaction((run) => rows.found(run, messages, batch))
  const many = (key: string, count: number): OutgoingMessage[] =>
    Array.from({ length: count }, (_, i) => outgoing(key, String(i)))
  const offsets = ({ messages }: { readonly messages: readonly LoggedMessage[] }): number[] =>
    messages.map(({ offset }) => offset)
  /** As if the messages up to this number had been written at this time. */
  const age = (key: string, until: number, atMs: number) =>
    store.transaction((run) =>
      run('update isock_message set at = ? where room = ? and number <= ?', [atMs, key, until]),
    )
  const kept = async (key: string, channel = 'News') => offsets(await rows.after(room(key, channel), 0, 1_000))

  it('give each room its own numbers, from one on, and go on with them', async () => {
    const before = Date.now()
    const written = await write([outgoing('b'), outgoing('a', 'x'), outgoing('b', 'y'), outgoing('b', 'z')])
    expect(written.map(({ key, item, offset }) => [key, item, offset])).to.deep.equal([
      ['a', 'x', 1],
      ['b', 'text', 1],
      ['b', 'y', 2],
      ['b', 'z', 3],
    ])
    for (const { atMs } of written) expect(atMs).to.be.within(before - 2, Date.now() + 2)
    expect((await write([outgoing('b'), outgoing('b')])).map(({ offset }) => offset)).to.deep.equal([4, 5])
    expect((await write([outgoing('b', 'text', { channel: 'Other' })])).map(({ offset }) => offset)).to.deep.equal([1])
  })

  it('are locked in one order', async () => {
    await write(['c', 'a', 'd', 'b', 'a'].map((key) => outgoing(key)))
    const taken = asked.filter(({ sql }) => sql.includes('into isock_room')).map(({ values }) => values[1])
    expect(taken).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('are written a hundred at once', async () => {
    await write(many('a', 201))
    const inserted = asked.filter(({ sql }) => sql.includes('into isock_message')).map(({ values }) => values.length)
    expect(inserted).to.deep.equal([700, 700, 7])
    asked.length = 0
    await write(many('b', 100))
    expect(asked.filter(({ sql }) => sql.includes('into isock_message'))).to.have.length(1)
    expect(await kept('a')).to.deep.equal(Array.from({ length: 201 }, (_, i) => i + 1))
  })

  it('keep whom a message is for', async () => {
    await write([
      outgoing('a'),
      outgoing('a', 'text', { to: ['x'] }),
      outgoing('a', 'text', { except: ['y', 'z'] }),
      outgoing('a', 'text', { to: [], except: [] }),
    ])
    const { messages } = await rows.after(room('a'), 0, 10)
    expect(messages.map(({ to, except }) => [to, except])).to.deep.equal([
      [undefined, undefined],
      [['x'], undefined],
      [undefined, ['y', 'z']],
      [[], []],
    ])
    const audiences = await store.read('select audience from isock_message order by number')
    expect(audiences[0]).to.deep.equal({ audience: null })
  })

  it('are read after a number, oldest first, with the state of the room', async () => {
    await write(many('a', 5))
    const page = await rows.after(room('a'), 2, 2)
    expect([page.head, offsets(page)]).to.deep.equal([5, [3, 4]])
    expect(page.nowMs).to.be.within(Date.now() - 3_600_000, Date.now() + 2)
    const [first] = page.messages
    expect([first?.channel, first?.key]).to.deep.equal(['News', 'a'])
    expect(first?.atMs).to.be.within(page.nowMs - 3_600_000, page.nowMs)
    const item = first?.item
    expect(item instanceof Packed ? String(item) : item).to.equal('2')
    expect(offsets(await rows.after(room('a'), 5, 2))).to.deep.equal([])
    expect((await rows.after(room('a'), 5, 2)).head).to.equal(5)
  })

  it('are read from the newest on, oldest first', async () => {
    await write(many('a', 5))
    const page = await rows.newest(room('a'), 2)
    expect([page.head, offsets(page)]).to.deep.equal([5, [4, 5]])
    expect(offsets(await rows.newest(room('a'), 9))).to.deep.equal([1, 2, 3, 4, 5])
  })

  it('are none in a room without messages', async () => {
    await write(many('a', 1))
    for (const page of [await rows.after(room('b'), 0, 5), await rows.newest(room('a', 'Other'), 5)])
      expect([page.head, page.messages]).to.deep.equal([0, []])
  })

  it('are found by the name of their write, if all of them are there', async () => {
    const messages = [outgoing('b'), outgoing('a'), outgoing('b')]
    const written = await write(messages)
    await write([outgoing('a'), outgoing('b')], 'other')
    expect(await found(messages)).to.deep.equal(written)
    expect(await found(messages, 'unknown')).to.equal(undefined)
    expect(await found([...messages, outgoing('b')])).to.equal(undefined)
    expect(await found([...messages, outgoing('c')])).to.equal(undefined)
    expect((await found([outgoing('a'), outgoing('b')], 'other'))?.map(({ offset }) => offset)).to.deep.equal([2, 3])
  })

  it('say the heads of rooms that have messages, two hundred rooms at once', async () => {
    await write([...many('a', 3), ...many('b', 1), outgoing('a', 'text', { channel: 'Other' })])
    const { epoch } = await rows.after(room('a'), 0, 1)
    const heads = await rows.heads([room('a'), room('b'), room('c')])
    expect(heads.sort((one, other) => other.head - one.head)).to.deep.equal([
      { ...room('a'), head: 3, epoch },
      { ...room('b'), head: 1, epoch },
    ])
    asked.length = 0
    const all = [...Array.from({ length: 400 }, (_, i) => room(`x${i}`)), room('a')]
    expect((await rows.heads(all)).map(({ head }) => head)).to.deep.equal([3])
    expect(asked.map(({ values }) => values.length)).to.deep.equal([400, 400, 2])
    asked.length = 0
    expect(await rows.heads([])).to.deep.equal([])
    await rows.heads(all.slice(0, 200))
    expect(asked).to.have.length(1)
  })

  it('have an epoch that says nothing about the store, and is another one in another place', async () => {
    const epoch = async () => (await rows.after(room('a'), 0, 1)).epoch
    const first = await epoch()
    expect(first).to.match(/^[\w-]{22}$/)
    await rows.settleAt('', 'new')
    expect(await epoch()).to.equal(first)
    const ids = async () => await store.read('select id, place from isock_store')
    const [{ id } = {}] = await ids()
    await rows.settleAt('here', 'new')
    expect(await ids()).to.deep.equal([{ id, place: 'here' }])
    const settled = await epoch()
    expect(settled).to.not.equal(first)
    asked.length = 0
    await rows.settleAt('here', 'newer')
    expect(asked).to.have.length(1)
    expect(await epoch()).to.equal(settled)
    await rows.settleAt('there', 'newest')
    expect(await ids()).to.deep.equal([{ id: 'newest', place: 'there' }])
    expect(await epoch()).to.not.equal(settled)
  })

  it('are deleted when they are too old, up to a limit, and say how many were found', async () => {
    await write([...many('a', 5), ...many('b', 2), outgoing('a', 'text', { channel: 'Other' })])
    await age('a', 3, 5)
    await age('b', 1, 6)
    expect(await rows.deleteOld('News', Number.POSITIVE_INFINITY, 10)).to.equal(0)
    const hour = 3_600_000
    asked.length = 0
    expect(await rows.deleteOld('News', hour, 2)).to.equal(2)
    expect(await rows.deleteOld('News', hour, 10)).to.equal(2)
    expect(await rows.deleteOld('News', hour, 10)).to.equal(0)
    expect(asked.filter(({ sql }) => sql.startsWith('delete'))).to.have.length(3)
    expect(await kept('a')).to.deep.equal([4, 5])
    expect(await kept('b')).to.deep.equal([2])
    expect(await kept('a', 'Other')).to.deep.equal([1])
  })

  it('are deleted room by room in one order, up to the highest number that is too old', async () => {
    await write([...many('b', 3), ...many('a', 3)])
    // A clock that was set back: the number is what counts.
    await store.transaction((run) => run('update isock_message set at = 4 - number'))
    asked.length = 0
    expect(await rows.deleteOld('News', 0.5, 6)).to.equal(6)
    const deleted = asked.filter(({ sql }) => sql.startsWith('delete')).map(({ values }) => values)
    expect(deleted).to.deep.equal([
      ['News', 'a', 3],
      ['News', 'b', 3],
    ])
    expect(asked[0]?.values).to.deep.equal(['News', 1, 6])
  })

  it('are deleted beyond the newest of a room, up to a limit, and say whether more are left', async () => {
    await write([...many('a', 10), ...many('b', 3)])
    expect(await rows.deleteBeyond(room('c'), 1, 5)).to.equal(false)
    expect(await rows.deleteBeyond(room('a'), 10, 5)).to.equal(false)
    expect(await kept('a')).to.have.length(10)
    expect(await rows.deleteBeyond(room('a'), 9, 5)).to.equal(false)
    expect(await kept('a')).to.deep.equal([2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await rows.deleteBeyond(room('a'), 4, 3)).to.equal(true)
    expect(await kept('a')).to.deep.equal([5, 6, 7, 8, 9, 10])
    expect(await rows.deleteBeyond(room('a'), 4, 2)).to.equal(false)
    expect(await kept('a')).to.deep.equal([7, 8, 9, 10])
    expect(await rows.deleteBeyond(room('a'), 0, 10)).to.equal(false)
    expect(await kept('a')).to.deep.equal([])
    expect(await rows.deleteBeyond(room('a'), 0, 10)).to.equal(false)
    expect(await kept('b')).to.deep.equal([1, 2, 3])
  })

  it('of PostgreSQL have an epoch of the cluster, where it says which it is', async () => {
    const sqls: string[] = []
    const postgres: DurableStore = {
      ...store,
      isPostgres: true,
      read: async (sql) => {
        sqls.push(sql)
        return [{ id: 'a', place: '', life: 'b', now: '7', head: '0', number: null }]
      },
    }
    for (const hasIdentity of [true, false]) {
      const page = await new RoomRows(postgres, hasIdentity).after(room('a'), 0, 1)
      expect([page.nowMs, page.head, page.messages]).to.deep.equal([7, 0, []])
    }
    expect(sqls.map((sql) => sql.includes('pg_control_system'))).to.deep.equal([true, false])
    for (const sql of sqls)
      expect(sql).to.include(
        "|| ':' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || ':' || (select oid from pg_database where datname = current_database()) as life",
      )
  })
})
