// The rooms of a durable channel on one server, over a log that the spec fills.
import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import type { LoggedMessage, LogNews, LogPage, LogRoom, MessageLogs } from '../../lib/core/server/message-logs.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { LoggedChannel, type LoggedChannelParts } from '../../lib/features/channels/logged-channel.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

const nowMs = 10_000
const bounds = { size: 20, ttlMs: 500, maxBytes: 10_000 }

/** One room's log. */
class RoomLog {
  readonly messages: LoggedMessage[] = []
  readonly asked: (LogRoom & { readonly limit: number })[] = []
  fault: unknown
  #onNews: ((news: LogNews) => void) | undefined

  readonly logs = {
    watch: (_room: LogRoom, onNews: (news: LogNews) => void) => {
      this.#onNews = onNews
      return () => {
        this.#onNews = undefined
      }
    },
    after: async (_room: LogRoom, offset: number, limit: number) => {
      if (this.fault !== undefined) throw this.fault
      return this.#page(this.messages.filter((each) => each.offset > offset).slice(0, limit))
    },
    newest: async (room: LogRoom, limit: number) => {
      this.asked.push({ ...room, limit })
      // A log may give more than was asked for: it deletes in batches.
      return this.#page(this.messages)
    },
  } as unknown as MessageLogs

  get isWatched(): boolean {
    return this.#onNews !== undefined
  }

  add(count: number, atMs = nowMs): void {
    for (let i = 0; i < count; i++) {
      const offset = this.messages.length + 1
      const message = { channel: 'News', key: 'a', offset, atMs, to: undefined, except: undefined }
      this.messages.push({ ...message, item: `message ${offset}` })
    }
  }

  /** Of a message, or that there are some. */
  tell(message?: LoggedMessage): void {
    this.#onNews?.({ offset: message?.offset ?? this.messages.length, message })
  }

  #page(messages: LoggedMessage[]): LogPage {
    return { epoch: 'one', head: this.messages.length, nowMs, messages }
  }
}

describe('A durable channel on a server', () => {
  let log: RoomLog
  let clock: VirtualClock
  let channel: LoggedChannel
  let delivered: unknown[]
  let encoded: number[]
  let reported: string[]
  let readers: { queuedCount: number; end(ending: { readonly code: string }): void }[]
  let ended: string[]
  /** A message that cannot be sent. */
  let unsendable: string | undefined

  /** Messages that wait for a reader. */
  const readerWith = (queuedCount: number): void => {
    readers.push({ queuedCount, end: ({ code }) => ended.push(code) })
  }

  beforeEach(() => {
    log = new RoomLog()
    clock = new VirtualClock()
    delivered = []
    encoded = []
    reported = []
    readers = []
    ended = []
    unsendable = undefined
    const room = { readers, deliver: ({ payload }: Encoded) => delivered.push(payload) }
    const rules = { name: 'News', label: 'channel "News"', history: bounds, maxQueued: 8, maxQueuedBytes: 10_000 }
    channel = new LoggedChannel({
      log: log.logs,
      rules,
      kit: { clock, report: (error: Error, what: string) => reported.push(`${what}: ${error.message}`) },
      codec: { decode: (item: unknown) => [1, item] },
      rooms: { find: (key: string) => (key === 'a' ? room : undefined) },
      encode: ([offset, message]: [number, string]) => {
        if (message === unsendable) throw new Error('of another version')
        encoded.push(offset)
        return new Encoded(`${offset}: ${message}`)
      },
    } as unknown as LoggedChannelParts)
  })

  afterEach(() => channel.close())

  for (const [queued, pages] of [
    [4, 3],
    [5, 1],
  ] as const)
    it(`reads ${pages === 1 ? 'no' : 'each'} further page while ${queued} of 8 messages wait for a reader`, async () => {
      await channel.join('a', undefined, 's')
      readerWith(0)
      readerWith(queued)
      log.add(12)
      log.tell()
      await settle()
      expect(delivered).to.have.length(pages * 4)
      readers.length = 0
      await clock.advance(5)
      expect(delivered).to.deep.equal(Array.from({ length: 12 }, (_, i) => `${i + 1}: message ${i + 1}`))
    })

  it('gives the newest messages of its history, within its bounds', async () => {
    log.add(5, nowMs - bounds.ttlMs)
    log.add(18)
    const all = await channel.history('a', 100)
    expect(log.asked).to.deep.equal([{ channel: 'News', key: 'a', limit: bounds.size }])
    expect(all.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 18 }, (_, i) => i + 6))
    expect(all[0]).to.deep.equal({ offset: 6, message: 'message 6' })
    log.add(4)
    expect((await channel.history('a', 7))[0]?.offset).to.equal(8)
    expect(log.asked.at(-1)?.limit).to.equal(7)
  })

  it('says why a subscriber cannot join: the log, or the key', async () => {
    log.fault = new Error('the disk is away')
    const away = await failureOf(channel.join('a', undefined, 's'))
    expect([away['code'], away.message]).to.deep.equal([
      'LINK_LOST',
      'the log of channel "News" cannot be read now: the disk is away',
    ])
    log.fault = 'no error'
    expect((await failureOf(channel.join('a', undefined, 's'))).message).to.contain('cannot be read now: no error')
    log.fault = new ServerError('not for you', { code: 'BUSY' })
    expect(await failureOf(channel.join('a', undefined, 's'))).to.equal(log.fault)
    expect(await failureOf(channel.join('\0', undefined, 's'))).to.have.property('code', 'BAD_REQUEST')
  })

  it('follows the log of a room once for all its subscribers, until the last one leaves', async () => {
    const one = await channel.join('a', undefined, 's')
    const other = await channel.join('a', undefined, 't')
    log.add(1)
    log.tell()
    await settle()
    expect(delivered).to.deep.equal(['1: message 1'])
    one.leave()
    expect(log.isWatched).to.equal(true)
    other.leave()
    expect(log.isWatched).to.equal(false)
    await channel.join('a', undefined, 's')
    log.add(1)
    log.tell()
    await settle()
    expect(delivered).to.deep.equal(['1: message 1', '2: message 2'])
  })

  it('follows nothing once it is closed', async () => {
    await channel.join('a', undefined, 's')
    channel.close()
    expect(log.isWatched).to.equal(false)
  })

  it('reports a message that cannot be sent, and ends all readers of its room', async () => {
    await channel.join('a', undefined, 's')
    for (let i = 0; i < 2; i++) readerWith(0)
    unsendable = 'message 3'
    log.add(3)
    log.tell()
    await settle()
    expect(reported).to.deep.equal(['message 3 of channel "News": of another version'])
    expect(ended).to.deep.equal(['INTERNAL', 'INTERNAL'])
    expect(delivered).to.deep.equal(['1: message 1', '2: message 2'])
  })

  it('reads on for a room that is gone, until its last subscriber has left', async () => {
    await channel.join('gone', undefined, 's')
    log.add(12)
    log.tell()
    await settle()
    expect([encoded.length, delivered]).to.deep.equal([12, []])
    log.add(2)
    log.tell(log.messages[12])
    unsendable = 'message 14'
    log.tell(log.messages[13])
    expect([encoded.length, reported.length, ended]).to.deep.equal([13, 1, []])
  })
})
