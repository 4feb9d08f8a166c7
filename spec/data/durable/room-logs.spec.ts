// The logs of rooms: who gets which news, which hints other servers get, how lost ones are repaired, and how old messages are deleted.
import { expect } from 'chai'
import { deferred } from '../../../lib/core/base/deferred.ts'
import type { LoggedMessage, LogNews, LogRoom, OutgoingMessage } from '../../../lib/core/server/message-logs.ts'
import type { DurableStore, Run } from '../../../lib/features/data/durable/durable-store.ts'
import { RoomLogs } from '../../../lib/features/data/durable/room-logs.ts'
import type { RoomHead, RoomRows } from '../../../lib/features/data/durable/room-rows.ts'
import type { StoreHints } from '../../../lib/features/data/durable/store-hints.ts'
import { settle, VirtualClock } from '../../setup/virtual-clock.ts'

class FakeHints implements StoreHints {
  readonly sent: string[] = []
  readonly listeners: ((text?: string) => void)[] = []
  closes = 0

  async send(text: string): Promise<void> {
    this.sent.push(text)
  }

  listen(onHint: (text?: string) => void): void {
    this.listeners.push(onHint)
  }

  async close(): Promise<void> {
    this.closes++
  }

  hint(text?: string): void {
    for (const onHint of this.listeners) onHint(text)
  }
}

class FakeRows {
  known: RoomHead[] = []
  readonly asked: (readonly LogRoom[])[] = []
  /** Looking up heads settles after this. */
  gate: Promise<void> = Promise.resolve()
  readonly deleted: string[] = []
  /** What the next deletions of a channel or a room say. */
  old: number[] = []
  beyond: boolean[] = []
  failure: Error | undefined
  head = 0

  async heads(rooms: readonly LogRoom[]): Promise<RoomHead[]> {
    this.asked.push(rooms)
    await this.gate
    if (this.failure !== undefined) throw this.failure
    return this.known
  }

  async deleteOld(channel: string, ttlMs: number, limit: number): Promise<number> {
    this.deleted.push(`${channel} ${ttlMs} ${limit}`)
    if (this.failure !== undefined) throw this.failure
    return this.old.shift() ?? 0
  }

  async deleteBeyond({ channel, key }: LogRoom, size: number, limit: number): Promise<boolean> {
    this.deleted.push(`${channel}/${key} ${size} ${limit}`)
    return this.beyond.shift() ?? false
  }

  async write(_run: Run, messages: readonly OutgoingMessage[], batch: string): Promise<LoggedMessage[]> {
    return messages.map((message) => ({ ...message, key: `${message.key}${batch}`, offset: ++this.head, atMs: 0 }))
  }

  async after(...args: readonly unknown[]): Promise<unknown> {
    return ['after', ...args]
  }

  async newest(...args: readonly unknown[]): Promise<unknown> {
    return ['newest', ...args]
  }
}

const run: Run = async () => []
const store = { transaction: <T>(work: (run: Run) => Promise<T>) => work(run) } as unknown as DurableStore

const outgoing = (key: string, channel = 'News'): OutgoingMessage => ({
  channel,
  key,
  item: 'text',
  to: undefined,
  except: undefined,
})
const logged = (key: string, offset: number, channel = 'News'): LoggedMessage => ({
  ...outgoing(key, channel),
  offset,
  atMs: 0,
})
const room = (key: string): LogRoom => ({ channel: 'News', key })

describe('The logs of rooms', () => {
  let clock: VirtualClock
  let hints: FakeHints
  let rows: FakeRows
  let reported: unknown[]
  let logs: RoomLogs
  let news: LogNews[]

  beforeEach(() => {
    clock = new VirtualClock()
    hints = new FakeHints()
    rows = new FakeRows()
    reported = []
    news = []
    logs = new RoomLogs({
      store,
      rows: rows as unknown as RoomRows,
      hints,
      clock,
      report: (error) => void reported.push(error),
    })
  })

  const watch = (key: string): (() => void) => logs.watch(room(key), (each) => void news.push(each))

  it('pass reading and writing on to the rows', async () => {
    expect(await logs.after(room('a'), 3, 5)).to.deep.equal(['after', room('a'), 3, 5])
    expect(await logs.newest(room('a'), 5)).to.deep.equal(['newest', room('a'), 5])
    expect(await logs.write(run, [outgoing('a')], '-b')).to.deep.equal([logged('a-b', 1)])
  })

  it('tell the watchers of a room what is committed in it', async () => {
    watch('a')
    watch('a')
    watch('b')
    logs.committed([logged('a', 1), logged('c', 1)])
    expect(news).to.deep.equal([
      { offset: 1, message: logged('a', 1) },
      { offset: 1, message: logged('a', 1) },
    ])
  })

  it('tell them of what is appended', async () => {
    watch('a')
    rows.write = async (_run, messages) => messages.map((message) => ({ ...message, offset: 4, atMs: 0 }))
    expect(await logs.append(outgoing('a'))).to.equal(4)
    expect(news).to.deep.equal([{ offset: 4, message: logged('a', 4) }])
  })

  it('tell nothing to those that watch no more, and go on with the others', () => {
    const first = watch('a')
    const second = watch('a')
    first()
    logs.committed([logged('a', 1)])
    expect(news).to.have.length(1)
    second()
    logs.committed([logged('a', 2)])
    expect(news).to.have.length(1)
    watch('a')
    second()
    first()
    logs.committed([logged('a', 3)])
    expect(news.map(({ offset }) => offset)).to.deep.equal([1, 3])
  })

  it('listen once, with the first watcher', () => {
    expect(hints.listeners).to.have.length(0)
    watch('a')
    watch('b')
    expect(hints.listeners).to.have.length(1)
  })

  it('send the hints of ten milliseconds together: the last number of each room', async () => {
    logs.committed([logged('a', 2), logged('a', 1), logged('b', 7)])
    await clock.advance(9)
    logs.committed([logged('b', 8)])
    expect(hints.sent).to.deep.equal([])
    await clock.advance(1)
    expect(hints.sent).to.deep.equal(['[["News","a",2],["News","b",8]]'])
    logs.committed([logged('a', 1)])
    await clock.advance(10)
    expect(hints.sent.slice(1)).to.deep.equal(['[["News","a",1]]'])
    await clock.advance(1_000)
    expect(hints.sent).to.have.length(2)
  })

  it('send as few texts as possible, each of less than 7 900 bytes', async () => {
    // A hint of a key of n bytes has 13 more, and a comma; a text of hints has two brackets.
    const sizes = async (...lengths: readonly number[]): Promise<(number | string)[]> => {
      hints.sent.length = 0
      logs.committed(lengths.map((length, i) => logged(`${i}${'x'.repeat(length - 1)}`, 1)))
      await clock.advance(10)
      return hints.sent.map((text) => (text === '*' ? text : text.length))
    }
    expect(await sizes(100, 7_769)).to.deep.equal([7_898])
    expect(await sizes(100, 7_770)).to.deep.equal([115, 7_785])
    expect(await sizes(7_883)).to.deep.equal([7_898])
    expect(await sizes(7_884)).to.deep.equal(['*'])
    expect(await sizes(10, 7_900, 10)).to.deep.equal(['*', 49])
    expect(await sizes(...Array.from({ length: 9 }, () => 2_000))).to.deep.equal([6_043, 6_043, 6_043])
  })

  it('tell the watchers of a room what other servers hint', () => {
    watch('a')
    hints.hint('[["News","a",5],["News","b",6],["Other","a",7]]')
    expect(news).to.deep.equal([{ offset: 5 }])
    expect(rows.asked).to.deep.equal([])
  })

  it('look all watched rooms up where a hint does not say which', async () => {
    watch('a')
    watch('b')
    rows.known = [{ channel: 'News', key: 'a', head: 3, epoch: 'e' }]
    for (const text of [undefined, '*', '5']) {
      news.length = 0
      rows.asked.length = 0
      hints.hint(text)
      await settle()
      expect(rows.asked).to.deep.equal([[room('a'), room('b')]])
      expect(news).to.deep.equal([
        { offset: 3, epoch: 'e' },
        { offset: 0, epoch: '' },
      ])
    }
  })

  it('look them up each second, as long as any is watched', async () => {
    const stop = watch('a')
    watch('a')()
    await clock.advance(999)
    expect(rows.asked).to.have.length(0)
    await clock.advance(1)
    expect(rows.asked).to.have.length(1)
    await clock.advance(2_000)
    expect(rows.asked).to.have.length(3)
    stop()
    hints.hint()
    await clock.advance(5_000)
    expect(rows.asked).to.have.length(3)
    watch('b')
    await clock.advance(1_000)
    expect(rows.asked).to.have.length(4)
    expect(hints.listeners).to.have.length(1)
  })

  it('look them up once more if something has changed meanwhile', async () => {
    const gate = deferred<void>()
    rows.gate = gate.promise
    watch('a')
    hints.hint()
    hints.hint()
    hints.hint()
    await settle()
    expect(rows.asked).to.have.length(1)
    gate.resolve()
    await settle()
    expect(rows.asked).to.have.length(2)
    await settle()
    expect(rows.asked).to.have.length(2)
  })

  it('look them up again after the store was away', async () => {
    rows.failure = new Error('away')
    watch('a')
    hints.hint()
    await settle()
    expect([news, reported]).to.deep.equal([[], []])
    rows.failure = undefined
    hints.hint()
    await settle()
    expect(news).to.deep.equal([{ offset: 0, epoch: '' }])
  })

  it('delete each 30 seconds what is too old, in at most 20 transactions for a channel', async () => {
    logs.keep('News', { size: 5, ttlMs: 60 })
    logs.keep('Other', { size: 6, ttlMs: 70 })
    logs.keep('Gone', { size: 7, ttlMs: 80 })
    logs.keep('Gone', undefined)
    rows.old = [1_000, 1_001, 999, 3]
    await clock.advance(29_999)
    expect(rows.deleted).to.deep.equal([])
    await clock.advance(1)
    expect(rows.deleted).to.deep.equal(['News 60 1000', 'News 60 1000', 'News 60 1000', 'Other 70 1000'])
    rows.deleted.length = 0
    rows.old = Array.from({ length: 20 }, () => 1_000)
    await clock.advance(30_000)
    expect(rows.deleted.filter((text) => text.startsWith('News'))).to.have.length(20)
    expect(rows.deleted).to.have.length(21)
  })

  it('delete what is beyond the size of rooms that had messages since, in at most 20 transactions for a room', async () => {
    logs.keep('News', { size: 5, ttlMs: 60 })
    logs.committed([logged('a', 1), logged('b', 1), logged('a', 2), logged('c', 1, 'Unbounded')])
    rows.beyond = [true, true, false]
    await logs.clean()
    const a = 'News/a 5 1000'
    const b = 'News/b 5 1000'
    expect(rows.deleted).to.deep.equal(['News 60 1000', a, a, a, b])
    rows.deleted.length = 0
    await logs.clean()
    expect(rows.deleted).to.deep.equal(['News 60 1000'])
    logs.committed([logged('a', 3)])
    rows.beyond = Array.from({ length: 30 }, () => true)
    await logs.clean()
    expect(rows.deleted.filter((text) => text === a)).to.have.length(20)
  })

  it('remember at most 10 000 rooms in which they delete', async () => {
    logs.keep('News', { size: 5, ttlMs: 60 })
    logs.committed(Array.from({ length: 10_001 }, (_, i) => logged(String(i), 1)))
    await logs.clean()
    expect(rows.deleted).to.have.length(10_001)
    expect(rows.deleted.at(-1)).to.equal('News/9999 5 1000')
  })

  it('report that they cannot delete, and try it again', async () => {
    logs.keep('News', { size: 5, ttlMs: 60 })
    rows.failure = new Error('away')
    await clock.advance(30_000)
    expect(reported).to.deep.equal([rows.failure])
    await clock.advance(30_000)
    expect(rows.deleted).to.have.length(2)
  })

  it('send what is left when they are closed, and do nothing after that', async () => {
    logs.keep('News', { size: 5, ttlMs: 60 })
    watch('a')
    logs.committed([logged('a', 1)])
    await logs.close()
    expect(hints.sent).to.deep.equal(['[["News","a",1]]'])
    expect(hints.closes).to.equal(1)
    expect(clock.pendingCount).to.equal(0)
    logs.committed([logged('a', 2)])
    hints.hint()
    watch('b')
    await clock.advance(100_000)
    expect(clock.pendingCount).to.equal(0)
    expect([rows.asked, rows.deleted, hints.sent.length, hints.listeners.length]).to.deep.equal([[], [], 1, 1])
    rows.failure = new Error('away')
    await logs.clean()
    expect(reported).to.deep.equal([])
  })

  it('do not listen if they are watched only after they were closed', async () => {
    await logs.close()
    watch('a')
    expect([hints.listeners, clock.pendingCount]).to.deep.equal([[], 0])
  })

  it('wait for what is being written before they close', async () => {
    rows.write = async (_run, messages) => messages.map((message) => ({ ...message, offset: 4, atMs: 0 }))
    const appended = logs.append(outgoing('a'))
    await logs.close()
    expect(hints.sent).to.deep.equal(['[["News","a",4]]'])
    expect(await appended).to.equal(4)
  })

  it('wait for a look-up before they are closed, and look nothing up after it', async () => {
    const gate = deferred<void>()
    rows.gate = gate.promise
    watch('a')
    hints.hint()
    hints.hint()
    let isClosed = false
    const closing = logs.close().then(() => {
      isClosed = true
    })
    await settle()
    expect(isClosed).to.equal(false)
    gate.resolve()
    await closing
    await settle()
    expect(rows.asked).to.have.length(1)
  })
})
