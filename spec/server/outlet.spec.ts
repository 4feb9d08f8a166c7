// One reader of messages that go to many: what it gets before it is let go.
import { expect } from 'chai'
import { BusyError } from '../../lib/core/base/errors.ts'
import { Outlet, type OutletOptions } from '../../lib/core/server/outlet.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

describe('An outlet', () => {
  let sent: unknown[]
  let take: () => void
  let outlet: Outlet

  beforeEach(() => {
    sent = []
    const send = ({ payload }: Encoded): Promise<void> => {
      sent.push(payload)
      return new Promise((resolve) => {
        take = resolve
      })
    }
    outlet = new Outlet({ send, maxQueued: 9, maxQueuedBytes: 1_000, overflow: 'drop-reader', label: 'it' })
    for (const text of ['a', 'b', 'c']) outlet.push(new Encoded(text))
  })

  it('that finishes gives what waits, and nothing that comes later', async () => {
    let isDone = false
    void outlet.done.then(() => {
      isDone = true
    })
    outlet.finish()
    outlet.push(new Encoded('late'))
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

  it('that finishes when nothing waits is done at once', async () => {
    const idle = new Outlet({
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
    outlet.end()
    take()
    await outlet.done
    expect(sent).to.deep.equal(['a'])
  })
})

describe('The queue of an outlet', () => {
  const over = (texts: string, more: Partial<OutletOptions> = {}) => {
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
    const outlet = new Outlet(options)
    for (const text of texts.split(' ')) outlet.push(new Encoded(text))
    /** Lets the reader take all. */
    const read = async (): Promise<unknown[]> => {
      for (let i = 0; i < 200; i++) {
        takes.shift()?.()
        await null
        await null
      }
      return sent
    }
    return { outlet, read }
  }

  it('holds so many messages, and one more costs the reader', async () => {
    const { outlet, read } = over('a b c')
    expect([outlet.queuedCount, outlet.isOver, outlet.lostCount]).to.deep.equal([2, false, 0])
    outlet.push(new Encoded('d'))
    expect([outlet.queuedCount, outlet.isOver, outlet.lostCount]).to.deep.equal([0, true, 0])
    const error = await failureOf(outlet.done)
    expect(error).to.be.instanceOf(BusyError).and.to.include({ notStarted: false })
    expect(error.message).to.equal('it: its reader does not keep up, 2 messages waited')
    expect(await read()).to.deep.equal(['a'])
  })

  it('or costs the newest message, or the oldest', async () => {
    const newest = over('a b c d', { overflow: 'drop-newest' })
    expect([newest.outlet.queuedCount, newest.outlet.lostCount]).to.deep.equal([2, 1])
    expect(await newest.read()).to.deep.equal(['a', 'b', 'c'])
    const oldest = over('a b c d', { overflow: 'drop-oldest' })
    expect([oldest.outlet.queuedCount, oldest.outlet.lostCount]).to.deep.equal([2, 1])
    expect(await oldest.read()).to.deep.equal(['a', 'c', 'd'])
  })

  it('holds so many bytes, to the last', async () => {
    const { outlet, read } = over('a bbbb cccccc', { maxQueued: 9, maxQueuedBytes: 10, overflow: 'drop-oldest' })
    expect([outlet.queuedCount, outlet.lostCount]).to.deep.equal([2, 0])
    outlet.push(new Encoded('d'))
    expect([outlet.queuedCount, outlet.lostCount]).to.deep.equal([2, 1])
    outlet.push(new Encoded('eee'))
    expect([outlet.queuedCount, outlet.lostCount]).to.deep.equal([3, 1])
    outlet.push(new Encoded('ffff'))
    expect([outlet.queuedCount, outlet.lostCount]).to.deep.equal([3, 2])
    expect(await read()).to.deep.equal(['a', 'd', 'eee', 'ffff'])
  })

  it('takes one message alone that is larger, and drops all before it', async () => {
    const { outlet, read } = over('a bb', { maxQueuedBytes: 3, overflow: 'drop-oldest' })
    outlet.push(new Encoded('x'.repeat(50)))
    expect([outlet.queuedCount, outlet.lostCount]).to.deep.equal([1, 1])
    expect(await read()).to.deep.equal(['a', 'x'.repeat(50)])
    const first = over('a', { maxQueuedBytes: 3 }).outlet
    first.push(new Encoded('x'.repeat(50)))
    expect([first.queuedCount, first.isOver]).to.deep.equal([1, false])
  })

  it('may have no place, for a reader that is to have each message now or not', async () => {
    const { outlet, read } = over('a b c', { maxQueued: 0, overflow: 'drop-newest' })
    expect([outlet.queuedCount, outlet.lostCount]).to.deep.equal([0, 2])
    expect(await read()).to.deep.equal(['a'])
  })

  it('counts what was taken out of it no more, however long it was', async () => {
    const texts = Array.from({ length: 50 }, (_, i) => `m${i}`)
    const { outlet, read } = over(texts.join(' '), { maxQueued: 49, maxQueuedBytes: 200 })
    expect(outlet.queuedCount).to.equal(49)
    expect(await read()).to.deep.equal(texts)
    expect(outlet.queuedCount).to.equal(0)
    for (const text of texts) outlet.push(new Encoded(text))
    expect(outlet.isOver).to.equal(false)
    await read()
    expect(outlet.lostCount).to.equal(0)
  })

  it('ends no process where nobody asks why its reader ended', async () => {
    const { outlet } = over('a')
    outlet.end(new Error('nobody asks'))
    await settle()
    expect(outlet.isOver).to.equal(true)
  })

  it('asks nothing of a reader that is over', () => {
    const { outlet, read } = over('a b')
    outlet.end()
    outlet.end(new Error('the first end counts'))
    outlet.push(new Encoded('c'))
    outlet.finish()
    expect(outlet.queuedCount).to.equal(0)
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
    it(`ends its outlet with what sending ${how}`, async () => {
      const outlet = new Outlet({ send, maxQueued: 9, maxQueuedBytes: 9, overflow: 'drop-reader', label: 'it' })
      outlet.push(new Encoded('a'))
      expect((await failureOf(outlet.done)).message).to.equal('it has gone')
      expect(outlet.isOver).to.equal(true)
    })
})
