// How a server follows the log of a room: news that come late, twice or never, and subscribers that join meanwhile.
import { expect } from 'chai'
import type { LoggedMessage, LogNews, LogPage, MessageLogs } from '../../lib/core/server/message-logs.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import type { Ending, Since } from '../../lib/features/channels/channel-actions.ts'
import { type MirroredStart, RoomMirror } from '../../lib/features/channels/room-mirror.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

const room = { channel: 'News', key: '' }

/** A log in memory. `onRead` runs before a page is made. */
class FakeLog {
  epoch = 'one'
  messages: LoggedMessage[] = []
  head = 0
  reads = 0
  isAway = false
  onRead: (() => void) | undefined
  #onNews: ((news: LogNews) => void) | undefined

  readonly logs = {
    watch: (_room: unknown, onNews: (news: LogNews) => void) => {
      this.#onNews = onNews
      return () => {
        this.#onNews = undefined
      }
    },
    after: async (_room: unknown, offset: number, limit: number): Promise<LogPage> => {
      this.reads++
      await null
      if (this.isAway) throw new Error('the store is away')
      const messages = this.messages.filter((each) => each.offset > offset).slice(0, limit)
      const page = { epoch: this.epoch, head: this.head, nowMs: 1_000, messages }
      const { onRead } = this
      this.onRead = undefined
      onRead?.()
      return page
    },
  } as unknown as MessageLogs

  get isWatched(): boolean {
    return this.#onNews !== undefined
  }

  add(to?: readonly string[]): LoggedMessage {
    const offset = ++this.head
    const message = { ...room, item: String(offset), to, except: undefined, offset, atMs: 1_000 }
    this.messages.push(message)
    return message
  }

  tell(news: LogNews): void {
    this.#onNews?.(news)
  }
}

describe('A mirrored room', () => {
  let log: FakeLog
  let delivered: unknown[]
  let endings: Ending[]
  let mirror: RoomMirror
  let isVacant: boolean
  let isBehind: boolean
  let clock: VirtualClock

  const settled = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await null
  }

  const mirrorOf = (maxQueued = 8): RoomMirror =>
    new RoomMirror({
      log: log.logs,
      room,
      bounds: { size: 20, ttlMs: 500, maxBytes: 1_000 },
      clock,
      maxQueued,
      maxQueuedBytes: 1_000,
      encode: ({ item }) => new Encoded(item),
      deliver: ({ payload }) => delivered.push(payload),
      endReaders: (ending) => endings.push(ending),
      isBehind: () => isBehind,
      onVacant: () => {
        isVacant = true
      },
    })

  beforeEach(() => {
    log = new FakeLog()
    delivered = []
    endings = []
    isVacant = isBehind = false
    clock = new VirtualClock()
    mirror = mirrorOf()
  })

  afterEach(() => mirror.close())

  const join = async (since?: Since): Promise<MirroredStart> => (await mirror.join(since, 's')).begin()
  const missed = (start: MirroredStart): unknown[] => start.missed.map(({ payload }) => payload)

  it('delivers news in order, without a read', async () => {
    await join()
    const { reads } = log
    for (let i = 0; i < 3; i++) {
      const message = log.add()
      log.tell({ offset: message.offset, message })
    }
    expect(delivered).to.deep.equal(['1', '2', '3'])
    expect(log.reads).to.equal(reads)
  })

  it('delivers each once and in order, where news come late, twice or never', async () => {
    await join()
    const all = Array.from({ length: 6 }, () => log.add())
    const news = (i: number): void => log.tell({ offset: i + 1, message: all[i] as LoggedMessage })
    news(2)
    news(0)
    news(0)
    news(5)
    news(1)
    await settled()
    expect(delivered).to.deep.equal(['1', '2', '3', '4', '5', '6'])
  })

  it('starts where a subscriber was: what it has missed, then what is delivered', async () => {
    for (let i = 0; i < 4; i++) log.add()
    const start = await join({ epoch: 'one', offset: 1 })
    expect([start.offset, start.recovered, missed(start)]).to.deep.equal([1, true, ['2', '3', '4']])
    const message = log.add()
    log.tell({ offset: 5, message })
    expect(delivered).to.deep.equal(['5'])
  })

  it('loses and doubles nothing that is published while a subscriber joins', async () => {
    for (let i = 0; i < 3; i++) log.add()
    await join()
    for (let i = 0; i < 20; i++) {
      const from = log.head - 2
      const joining = mirror.join({ epoch: 'one', offset: from }, 's')
      // At each moment of the join, with and without its message.
      for (let turn = 0; turn < i; turn++) await null
      const first = log.add()
      log.tell(i % 2 === 0 ? { offset: first.offset, message: first } : { offset: first.offset })
      const member = await joining
      const start = member.begin()
      const before = delivered.length
      const second = log.add()
      log.tell({ offset: second.offset, message: second })
      await settled()
      const got = [...missed(start), ...delivered.slice(before)]
      expect(got, `turn ${i}`).to.deep.equal(
        Array.from({ length: log.head - from }, (_, each) => String(from + each + 1)),
      )
      member.leave()
    }
  })

  it('has delivered what a subscriber has read of the log before it begins, also where no news came', async () => {
    await join()
    for (let i = 0; i < 2; i++) log.add()
    const start = await join({ epoch: 'one', offset: 0 })
    expect([missed(start), delivered]).to.deep.equal([
      ['1', '2'],
      ['1', '2'],
    ])
    log.add()
    log.tell({ offset: 3 })
    await settled()
    expect(delivered).to.deep.equal(['1', '2', '3'])
  })

  it('reads again when more is published than a joining subscriber may buffer', async () => {
    mirror.close()
    mirror = mirrorOf(2)
    log.add()
    await join()
    const flood = (): void => {
      for (let i = 0; i < 5; i++) {
        const message = log.add()
        log.tell({ offset: message.offset, message })
      }
    }
    log.onRead = flood
    const start = await join({ epoch: 'one', offset: 1 })
    expect(missed(start)).to.deep.equal(['2', '3', '4', '5', '6'])
  })

  for (const [what, since] of [
    ['of another log', { epoch: 'two', offset: 1 }],
    ['ahead of the log', { epoch: 'one', offset: 31 }],
    ['ahead of all numbers', { epoch: 'one', offset: Number.MAX_SAFE_INTEGER }],
    ['before the history', { epoch: 'one', offset: 9 }],
  ] as const)
    it(`recovers nothing from a position ${what}`, async () => {
      for (let i = 0; i < 30; i++) log.add()
      const start = await join(since)
      expect([start.offset, start.recovered, missed(start)]).to.deep.equal([30, false, []])
    })

  it('recovers nothing where a message has expired, was deleted, or was for the former session', async () => {
    for (let i = 0; i < 4; i++) log.add()
    log.messages[1] = { ...(log.messages[1] as LoggedMessage), atMs: 400 }
    expect((await join({ epoch: 'one', offset: 1 })).recovered).to.equal(false)
    expect((await join({ epoch: 'one', offset: 2 })).recovered).to.equal(true)
    log.messages.splice(0, 3)
    expect((await join({ epoch: 'one', offset: 2 })).recovered).to.equal(false)
    log.add(['former'])
    expect((await join({ epoch: 'one', offset: 4, session: 'former' })).recovered).to.equal(false)
    expect(missed(await join({ epoch: 'one', offset: 4, session: 'other' }))).to.deep.equal([])
  })

  it('recovers nothing beyond the bytes of the history, and the newest of the oldest', async () => {
    for (let i = 0; i < 3; i++) {
      const message = log.add()
      log.messages[i] = { ...message, item: String(i).repeat(400) }
    }
    expect((await join({ epoch: 'one', offset: 0 })).recovered).to.equal(false)
    const start = await join('oldest')
    expect([start.offset, start.missed.length]).to.deep.equal([1, 2])
  })

  it('ends its readers when the log has another epoch, or has lost its end', async () => {
    for (let i = 0; i < 3; i++) log.add()
    await join()
    log.tell({ offset: 3, epoch: 'one' })
    await settled()
    expect(endings).to.deep.equal([])
    log.epoch = 'two'
    log.tell({ offset: 3, epoch: 'two' })
    await settled()
    expect(endings.map(({ code }) => code)).to.deep.equal(['LINK_LOST'])
    await join()
    log.messages.pop()
    log.head = 2
    log.tell({ offset: 2, epoch: 'two' })
    await settled()
    expect(endings).to.have.length(2)
    expect((await join({ epoch: 'two', offset: 3 })).recovered).to.equal(false)
  })

  it('reads nothing where the state of the log is the one that it knows, or has no epoch', async () => {
    for (let i = 0; i < 3; i++) log.add()
    await join()
    const { reads } = log
    for (const epoch of ['one', '']) log.tell({ offset: 3, epoch })
    await settled()
    expect([log.reads, endings]).to.deep.equal([reads, []])
  })

  it('delivers what it hears of while it looks whether the log is the same', async () => {
    await join()
    log.onRead = () => {
      log.add()
      log.tell({ offset: 1 })
    }
    log.tell({ offset: 0, epoch: 'an older one' })
    await settled()
    expect([delivered, endings]).to.deep.equal([['1'], []])
  })

  it('continues when the store is back', async () => {
    await join()
    log.isAway = true
    log.add()
    log.tell({ offset: 1 })
    await settled()
    expect(await failureOf(mirror.join(undefined, 's'))).to.be.instanceOf(Error)
    expect([delivered, endings]).to.deep.equal([[], []])
    log.isAway = false
    log.add()
    log.tell({ offset: 2 })
    await settled()
    expect(delivered).to.deep.equal(['1', '2'])
  })

  it('ends a subscriber with an error where a message cannot be read here', async () => {
    await join()
    const message = log.add()
    Object.defineProperty(message, 'item', {
      get: () => {
        throw new Error('an unknown class')
      },
    })
    log.tell({ offset: 1, message })
    expect(endings.map(({ code }) => code)).to.deep.equal(['INTERNAL'])
  })

  it('lets a subscriber in where the log changes once meanwhile, and not where it always does', async () => {
    await join()
    const change = (): void => {
      log.epoch += '+'
      log.onRead = change
    }
    log.epoch = 'another'
    expect((await join()).epoch).to.equal('another')
    expect(endings.map(({ code }) => code)).to.deep.equal(['LINK_LOST'])
    log.epoch = 'a third'
    log.onRead = change
    expect((await failureOf(mirror.join(undefined, 's'))).message).to.match(/cannot be read now; subscribe again/)
  })

  it('lets nobody begin once it is closed, and reads no further', async () => {
    const member = await mirror.join(undefined, 's')
    const joining = mirror.join(undefined, 's')
    log.add()
    log.tell({ offset: 1 })
    mirror.close()
    expect(() => member.begin()).to.throw('subscribe again')
    const late = await joining.then(
      (other) => failureOf(Promise.resolve().then(() => other.begin())),
      (error: Error) => error,
    )
    expect(late).to.have.property('code', 'LINK_LOST')
    await settled()
    expect([delivered, endings]).to.deep.equal([[], []])
  })

  it('reads on what it has heard of while it was opened', async () => {
    log.onRead = () => {
      log.add()
      log.tell({ offset: 1 })
    }
    await join()
    await settled()
    expect(delivered).to.deep.equal(['1'])
  })

  it('is told of a message that the log does not have, and looks for it once', async () => {
    await join()
    const { reads } = log
    log.tell({ offset: 5 })
    await settled()
    expect(log.reads).to.equal(reads + 1)
    for (let i = 0; i < 2; i++) log.add()
    log.tell({ offset: 2 })
    await settled()
    expect([delivered, endings]).to.deep.equal([['1', '2'], []])
  })

  it('reads no further in a page with a message that cannot be read here', async () => {
    await join()
    for (let i = 0; i < 3; i++) log.add()
    Object.defineProperty(log.messages[1], 'item', {
      get: () => {
        throw new Error('an unknown class')
      },
    })
    log.tell({ offset: 3 })
    await settled()
    expect(delivered).to.deep.equal(['1'])
    expect(endings.map(({ code }) => code)).to.deep.equal(['INTERNAL'])
  })

  it('waits before the next page until its readers have caught up, and at most a second', async () => {
    await join()
    isBehind = true
    for (let i = 0; i < 12; i++) log.add()
    log.tell({ offset: 12 })
    await settled()
    expect(delivered).to.have.length(4)
    isBehind = false
    await clock.advance(5)
    await settled()
    isBehind = true
    const { length } = delivered
    expect(length).to.be.at.least(8)
    for (let i = 0; i < 8; i++) log.add()
    log.tell({ offset: 20 })
    await clock.advance(990)
    await settled()
    const before = delivered.length
    expect(before).to.be.below(20)
    await clock.advance(1_010)
    await settled()
    expect(delivered.length).to.be.above(before)
    isBehind = false
    await clock.advance(1_000)
    await settled()
    expect(delivered).to.have.length(20)
  })

  it('counts a member that leaves twice once', async () => {
    const [one, other] = [await mirror.join(undefined, 's'), await mirror.join(undefined, 't')]
    for (let i = 0; i < 2; i++) one.leave()
    expect(isVacant).to.equal(false)
    other.leave()
    expect(isVacant).to.equal(true)
  })

  it('is watched until its last member leaves, also one that could not join', async () => {
    const member = await mirror.join(undefined, 's')
    expect([log.isWatched, isVacant]).to.deep.equal([true, false])
    log.isAway = true
    await failureOf(mirror.join(undefined, 's'))
    expect(isVacant).to.equal(false)
    member.leave()
    member.leave()
    expect(isVacant).to.equal(true)
    mirror.close()
    expect(log.isWatched).to.equal(false)
  })
})
