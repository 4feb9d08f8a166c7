// One reader of messages that go to many: what it gets before it is let go.
import { expect } from 'chai'
import { BusyError } from '../../lib/core/base/errors.ts'
import { SubscriberQueue, type SubscriberQueueOptions } from '../../lib/core/server/subscriber-queue.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

describe('A subscriber queue', () => {
  let sent: unknown[]
  let take: () => void
  let queue: SubscriberQueue

  beforeEach(() => {
    sent = []
    const send = ({ payload }: Encoded): Promise<void> => {
      sent.push(payload)
      return new Promise((resolve) => {
        take = resolve
      })
    }
    queue = new SubscriberQueue({ send, maxQueued: 9, maxQueuedBytes: 1_000, overflow: 'drop-reader', label: 'it' })
    for (const text of ['a', 'b', 'c']) queue.push(new Encoded(text))
  })

  it('that finishes delivers what waits, and nothing that comes later', async () => {
    let isDone = false
    void queue.done.then(() => {
      isDone = true
    })
    queue.finish()
    queue.push(new Encoded('late'))
    for (const expected of [
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]) {
      take()
      await settle()
      expect(sent).to.deep.equal(expected)
      expect(isDone).to.equal(false)
    }
    take()
    await settle()
    expect(isDone).to.equal(true)
    expect(sent).to.deep.equal(['a', 'b', 'c'])
  })

  it('that finishes when nothing waits is done immediately', async () => {
    const idle = new SubscriberQueue({
      send: () => undefined,
      maxQueued: 9,
      maxQueuedBytes: 1_000,
      overflow: 'drop-reader',
      label: 'it',
    })
    idle.push(new Encoded('a'))
    idle.finish()
    await idle.done
  })

  it('that ends drops what waits', async () => {
    queue.end()
    take()
    await queue.done
    expect(sent).to.deep.equal(['a'])
  })
})

describe('A full subscriber queue', () => {
  const over = (texts: string, more: Partial<SubscriberQueueOptions> = {}) => {
    const sent: unknown[] = []
    const takes: (() => void)[] = []
    const send = ({ payload }: Encoded): Promise<void> => {
      sent.push(payload)
      return new Promise((resolve) => takes.push(resolve))
    }
    const options = {
      send,
      maxQueued: 2,
      maxQueuedBytes: 1_000,
      overflow: 'drop-reader',
      label: 'it',
      ...more,
    } as const
    const queue = new SubscriberQueue(options)
    for (const text of texts.split(' ')) queue.push(new Encoded(text))
    /** Lets the reader take all. */
    const read = async (): Promise<unknown[]> => {
      for (let i = 0; i < 200; i++) {
        takes.shift()?.()
        await null
        await null
      }
      return sent
    }
    return { queue, read }
  }

  it('holds so many messages, and one more costs the reader', async () => {
    const { queue, read } = over('a b c')
    expect([queue.queuedCount, queue.isOver, queue.lostCount]).to.deep.equal([2, false, 0])
    queue.push(new Encoded('d'))
    expect([queue.queuedCount, queue.isOver, queue.lostCount]).to.deep.equal([0, true, 0])
    const error = await failureOf(queue.done)
    expect(error).to.be.instanceOf(BusyError).and.to.include({ notStarted: false })
    expect(error.message).to.equal('it: the reader is too slow, 2 messages were waiting')
    expect(await read()).to.deep.equal(['a'])
  })

  it('or costs the newest message, or the oldest', async () => {
    const newest = over('a b c d', { overflow: 'drop-newest' })
    expect([newest.queue.queuedCount, newest.queue.lostCount]).to.deep.equal([2, 1])
    expect(await newest.read()).to.deep.equal(['a', 'b', 'c'])
    const oldest = over('a b c d', { overflow: 'drop-oldest' })
    expect([oldest.queue.queuedCount, oldest.queue.lostCount]).to.deep.equal([2, 1])
    expect(await oldest.read()).to.deep.equal(['a', 'c', 'd'])
  })

  it('holds so many bytes, to the last', async () => {
    const { queue, read } = over('a bbbb cccccc', { maxQueued: 9, maxQueuedBytes: 10, overflow: 'drop-oldest' })
    expect([queue.queuedCount, queue.lostCount]).to.deep.equal([2, 0])
    queue.push(new Encoded('d'))
    expect([queue.queuedCount, queue.lostCount]).to.deep.equal([2, 1])
    queue.push(new Encoded('eee'))
    expect([queue.queuedCount, queue.lostCount]).to.deep.equal([3, 1])
    queue.push(new Encoded('ffff'))
    expect([queue.queuedCount, queue.lostCount]).to.deep.equal([3, 2])
    expect(await read()).to.deep.equal(['a', 'd', 'eee', 'ffff'])
  })

  it('takes one message alone that is larger, and drops all before it', async () => {
    const { queue, read } = over('a bb', { maxQueuedBytes: 3, overflow: 'drop-oldest' })
    queue.push(new Encoded('x'.repeat(50)))
    expect([queue.queuedCount, queue.lostCount]).to.deep.equal([1, 1])
    expect(await read()).to.deep.equal(['a', 'x'.repeat(50)])
    const first = over('a', { maxQueuedBytes: 3 }).queue
    first.push(new Encoded('x'.repeat(50)))
    expect([first.queuedCount, first.isOver]).to.deep.equal([1, false])
  })

  it('may have no place, for a reader that is to have each message now or not', async () => {
    const { queue, read } = over('a b c', { maxQueued: 0, overflow: 'drop-newest' })
    expect([queue.queuedCount, queue.lostCount]).to.deep.equal([0, 2])
    expect(await read()).to.deep.equal(['a'])
  })

  it('counts what was taken out of it no more, however long it was', async () => {
    const texts = Array.from({ length: 50 }, (_, i) => `m${i}`)
    const { queue, read } = over(texts.join(' '), { maxQueued: 49, maxQueuedBytes: 200 })
    expect(queue.queuedCount).to.equal(49)
    expect(await read()).to.deep.equal(texts)
    expect(queue.queuedCount).to.equal(0)
    for (const text of texts) queue.push(new Encoded(text))
    expect(queue.isOver).to.equal(false)
    await read()
    expect(queue.lostCount).to.equal(0)
  })

  it('ends no process if nobody awaits why its reader ended', async () => {
    const { queue } = over('a')
    queue.end(new Error('nobody asks'))
    await settle()
    expect(queue.isOver).to.equal(true)
  })

  it('asks nothing of a reader that is over', () => {
    const { queue, read } = over('a b')
    queue.end()
    queue.end(new Error('the first end counts'))
    queue.push(new Encoded('c'))
    queue.finish()
    expect(queue.queuedCount).to.equal(0)
    return read().then((sent) => expect(sent).to.deep.equal(['a']))
  })
})

describe('A reader that has gone', () => {
  for (const [how, send] of [
    [
      'throws',
      () => {
        throw new Error('it has gone')
      },
    ],
    ['rejects', () => Promise.reject(new Error('it has gone'))],
  ] as const)
    it(`ends its queue with what sending ${how}`, async () => {
      const queue = new SubscriberQueue({ send, maxQueued: 9, maxQueuedBytes: 9, overflow: 'drop-reader', label: 'it' })
      queue.push(new Encoded('a'))
      expect((await failureOf(queue.done)).message).to.equal('it has gone')
      expect(queue.isOver).to.equal(true)
    })
})
