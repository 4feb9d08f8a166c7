// What a subscriber has missed of a room whose messages are in a log: all of it, or nothing.
import { expect } from 'chai'
import type { LoggedMessage, LogPage, LogRoom, MessageLogs } from '../../lib/core/server/message-logs.ts'
import type { Since } from '../../lib/features/channels/channel-actions.ts'
import { nowhere, type Reading, readSince } from '../../lib/features/channels/log-reading.ts'

const room: LogRoom = { channel: 'News', key: '' }
const nowMs = 10_000

interface Given {
  readonly bytes?: number
  readonly atMs?: number
  readonly to?: readonly string[]
  readonly except?: readonly string[]
}

/** A log that gives few messages at a time. */
class FewAtATime {
  epoch = 'first life'
  head = 0
  readonly messages: LoggedMessage[] = []
  readonly asked: number[] = []

  add({ bytes = 10, atMs = nowMs, to, except }: Given = {}): void {
    this.messages.push({ ...room, offset: ++this.head, atMs, item: new Uint8Array(bytes), to, except })
  }

  async after(_room: LogRoom, offset: number, limit: number): Promise<LogPage> {
    this.asked.push(offset)
    const messages = this.messages.filter((message) => message.offset > offset).slice(0, Math.min(limit, 2))
    return { epoch: this.epoch, head: this.head, nowMs, messages }
  }
}

describe('Reading what was missed from a log', () => {
  const bounds = { size: 5, ttlMs: 100, maxBytes: 100 }
  let log: FewAtATime

  beforeEach(() => {
    log = new FewAtATime()
  })

  const read = async (since: Since | undefined, more: Partial<Reading> = {}) => {
    const { last, start } = await readSince({
      log: log as unknown as MessageLogs,
      room,
      bounds,
      encode: ({ offset }) => offset as never,
      since,
      session: 'ann',
      ...more,
    })
    return [last, start.offset, start.recovered, start.missed]
  }
  const from = (offset: number, epoch = 'first life', session?: string): Since =>
    ({ epoch, offset, ...(session === undefined ? {} : { session }) }) as Since
  const add = (...all: Given[]): void => {
    for (const one of all) log.add(one)
  }
  const alike = (count: number, one: Given = {}): Given[] => Array.from({ length: count }, () => one)

  describe('from nowhere', () => {
    it('begins behind the last message, and reads none', async () => {
      add(...alike(3))
      expect(await read(undefined)).to.deep.equal([3, 3, true, []])
      expect(log.asked).to.deep.equal([nowhere])
    })
  })

  describe('from a position', () => {
    it('reads page by page, up to the last message', async () => {
      add(...alike(5))
      expect(await read(from(1))).to.deep.equal([5, 1, true, [2, 3, 4, 5]])
      expect(log.asked).to.deep.equal([1, 3])
    })

    it('is behind the last message', async () => {
      add(...alike(2))
      expect(await read(from(2))).to.deep.equal([2, 2, true, []])
      expect(await read(from(0))).to.deep.equal([2, 0, true, [1, 2]])
    })

    it('of an empty room', async () => {
      expect(await read(from(0))).to.deep.equal([0, 0, true, []])
    })

    it('of another life of the log, or beyond its end, is lost', async () => {
      add(...alike(3))
      expect(await read(from(1, 'another life'))).to.deep.equal([3, 3, false, []])
      expect(await read(from(4))).to.deep.equal([3, 3, false, []])
    })

    it('is lost where more messages were missed than are kept', async () => {
      add(...alike(7))
      expect(await read(from(2))).to.deep.equal([7, 2, true, [3, 4, 5, 6, 7]])
      expect(await read(from(1))).to.deep.equal([7, 7, false, []])
    })

    it('is lost where the first one, or one in the middle, is gone', async () => {
      add(...alike(4))
      log.messages.splice(1, 1)
      expect(await read(from(1))).to.deep.equal([4, 4, false, []])
      expect(await read(from(2))).to.deep.equal([4, 2, true, [3, 4]])
      log.messages.splice(0)
      expect(await read(from(2))).to.deep.equal([4, 4, false, []])
    })

    it('is lost where the first missed one is too old', async () => {
      add({ atMs: nowMs - 101 }, { atMs: nowMs - 100 }, { atMs: nowMs - 99 }, {})
      expect(await read(from(1))).to.deep.equal([4, 4, false, []])
      expect(await read(from(2))).to.deep.equal([4, 2, true, [3, 4]])
    })

    it('is lost where more bytes were missed than are kept', async () => {
      add(...alike(4, { bytes: 25 }))
      expect(await read(from(0))).to.deep.equal([4, 0, true, [1, 2, 3, 4]])
      add({ bytes: 1 })
      expect(await read(from(0))).to.deep.equal([5, 5, false, []])
      expect(await read(from(1))).to.deep.equal([5, 1, true, [2, 3, 4, 5]])
    })

    it('leaves out what was not for the session', async () => {
      add({ to: ['ann'] }, { to: ['bob'] }, { except: ['ann'] }, {})
      expect(await read(from(0))).to.deep.equal([4, 0, true, [1, 4]])
    })

    it('is lost where something was for a former session alone, which anybody may claim', async () => {
      add({ to: ['ann', 'former'] }, { except: ['former'] }, {})
      expect(await read(from(0, 'first life', 'former'))).to.deep.equal([3, 0, true, [1, 3]])
      add({ to: ['former'] })
      expect(await read(from(0, 'first life', 'former'))).to.deep.equal([4, 4, false, []])
      expect(await read(from(0))).to.deep.equal([4, 0, true, [1, 2, 3]])
    })
  })

  describe('from the oldest', () => {
    it('reads what is kept, up to the last message that was there at the beginning', async () => {
      add(...alike(7))
      expect(await read('oldest')).to.deep.equal([7, 2, true, [3, 4, 5, 6, 7]])
      expect(log.asked).to.deep.equal([nowhere, 2, 4, 6])
    })

    it('reads nothing from an empty room, or from one whose messages are gone', async () => {
      expect(await read('oldest')).to.deep.equal([0, 0, true, []])
      add(...alike(2))
      log.messages.splice(0)
      expect(await read('oldest')).to.deep.equal([2, 2, true, []])
    })

    it('leaves out what came meanwhile', async () => {
      add(...alike(2))
      const after = log.after.bind(log)
      log.after = async (...asked) => {
        const page = await after(...asked)
        if (log.asked.length === 1) add({})
        return page
      }
      expect(await read('oldest')).to.deep.equal([2, 0, true, [1, 2]])
    })

    it('leaves out what is too old', async () => {
      add({ atMs: nowMs - 100 }, { atMs: nowMs - 99 }, {})
      expect(await read('oldest')).to.deep.equal([3, 1, true, [2, 3]])
    })

    it('leaves out the oldest where there are more bytes than are kept', async () => {
      add(...alike(4, { bytes: 25 }))
      expect(await read('oldest')).to.deep.equal([4, 0, true, [1, 2, 3, 4]])
      add({ bytes: 1 })
      expect(await read('oldest')).to.deep.equal([5, 1, true, [2, 3, 4, 5]])
      add({ bytes: 101 })
      expect(await read('oldest')).to.deep.equal([6, 6, true, []])
    })

    it('leaves out what was not for the session, and begins before it', async () => {
      add({ to: ['bob'] }, {}, { except: ['ann'] })
      expect(await read('oldest')).to.deep.equal([3, 0, true, [2]])
    })
  })
})
