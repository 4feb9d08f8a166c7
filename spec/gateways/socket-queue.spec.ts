// What waits for a reader: a slow one has time, one that takes nothing is given up, and one that is away gets it later.
import { expect } from 'chai'
import { Held } from '../../lib/core/accounting/held.ts'
import { unaccounted } from '../../lib/core/accounting/meter.ts'
import { type OutSocket, SocketQueue } from '../../lib/gateways/socket-queue.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

/** Takes nothing until it is told to. */
class Reader implements OutSocket {
  readonly texts: string[] = []
  readonly #sent: (() => void)[] = []

  send(bytes: Buffer, _options: object, sent: () => void): void {
    this.texts.push(String(bytes))
    this.#sent.push(sent)
  }

  take(count = this.#sent.length): void {
    for (const sent of this.#sent.splice(0, count)) sent()
  }
}

describe('a queue of messages to a socket', () => {
  let clock: VirtualClock
  let reader: Reader
  let overflows: string[]
  let stalls: string[]

  beforeEach(() => {
    clock = new VirtualClock()
    reader = new Reader()
    overflows = []
    stalls = []
  })

  const make = ({ roomBytes = 10, maxBytes = 10_000 } = {}) => {
    const held = unaccounted.meter(Held.Queues)
    const queue = new SocketQueue({
      clock,
      roomBytes,
      maxBytes,
      stallMs: 30_000,
      held,
      onOverflow: (reason) => overflows.push(reason),
      onStalled: (reason) => stalls.push(reason),
    })
    return { queue, held }
  }
  const large = 'x'.repeat(1_600_000)

  it('keeps the order of what was pushed, kept and waiting', async () => {
    const { queue } = make()
    queue.push('kept first')
    const waiting = [1, 2, 3].map((n) => queue.pushWhenRoom(() => `waiting ${n}`))
    queue.push('kept second')
    queue.attach(reader, ['greeting'])
    for (let n = 0; n < 6; n++) {
      reader.take()
      await settle()
    }
    await Promise.all(waiting)
    expect(reader.texts).to.deep.equal(['greeting', 'kept first', 'kept second', 'waiting 1', 'waiting 2', 'waiting 3'])
  })

  it('releases the senders that wait when nothing will be read any more', async () => {
    const { queue } = make()
    queue.push('more than there is room for')
    const waiting = queue.pushWhenRoom(() => 'never')
    queue.discard()
    await waiting
    expect(queue.waitingBytes).to.equal(0)
  })

  it('drops what nobody reads any more, and lets those rest that make it, until nothing runs', async () => {
    const { queue, held } = make()
    queue.attach(reader)
    queue.abandon()
    let made = 0
    let isOver = false
    const sender = async (): Promise<void> => {
      while (!isOver) await queue.pushWhenRoom(() => `${made++} ${'x'.repeat(600)}`)
    }
    const running = sender()
    await settle()
    expect(made).to.equal(1)
    await clock.advance(250)
    expect(made).to.equal(11)
    queue.push('a result waits for no room')
    expect([held.bytes, queue.waitingBytes, reader.texts.length]).to.deep.equal([0, 0, 0])
    isOver = true
    queue.discard()
    await running
    expect(made, 'what is made once nothing is sent any more').to.equal(11)
    expect(clock.pendingCount).to.equal(0)
  })

  it('counts what waits in it, until it has left or is dropped', () => {
    const { queue, held } = make()
    queue.push('x'.repeat(1_000))
    expect(held.bytes).to.equal(1_512)
    queue.attach(reader, ['greeting'])
    expect(held.bytes).to.equal(1_512 + 520)
    reader.take()
    expect([held.bytes, queue.sentCount]).to.deep.equal([0, 2])
    queue.push('y')
    queue.detach()
    expect(held.bytes).to.equal(0)
    queue.push('z')
    expect(held.bytes).to.equal(513)
    queue.discard()
    expect(held.bytes).to.equal(0)
    expect(clock.pendingCount).to.equal(0)
  })

  it('reports once that too much waits, and takes nothing more', () => {
    const { queue } = make({ maxBytes: 100 })
    for (let n = 0; n < 10; n++) queue.push('x'.repeat(30))
    expect(overflows).to.have.length(1)
    expect(queue.waitingBytes).to.equal(0)
  })

  it('takes one message of any size when nothing else waits', () => {
    const { queue } = make()
    queue.attach(reader)
    queue.push(large)
    expect([reader.texts.length, overflows.length]).to.deep.equal([1, 0])
    queue.push('one more')
    expect(overflows).to.have.length(1)
    expect(clock.pendingCount, 'nothing is watched any more').to.equal(0)
  })

  it('counts what each message costs beside its bytes, until it has left', () => {
    const { queue } = make({ maxBytes: 100_000 })
    queue.attach(reader)
    for (let n = 0; n < 10_000; n++) {
      queue.push('x')
      if (n % 100 === 0) reader.take()
    }
    expect(overflows).to.deep.equal([])
    let count = 0
    while (overflows.length === 0 && count < 10_000) {
      queue.push('x')
      count++
    }
    expect(count).to.be.within(90, 300)
  })

  it('rejects where a message cannot be made, and continues', async () => {
    const { queue } = make()
    const fail = () => {
      throw new Error('cannot be made')
    }
    const reasonOf = (promise: Promise<void>) => promise.catch((error: Error) => error.message)
    expect(await reasonOf(queue.pushWhenRoom(fail))).to.equal('cannot be made')
    queue.push('more than there is room for')
    const waiting = reasonOf(queue.pushWhenRoom(fail))
    const next = queue.pushWhenRoom(() => 'next')
    queue.attach(reader)
    reader.take()
    expect(await waiting).to.equal('cannot be made')
    await next
    expect(reader.texts.at(-1)).to.equal('next')
    reader.take()
  })

  it('gives a slow reader a second more for each 16 KB', async () => {
    const { queue } = make({ maxBytes: 8_000_000 })
    queue.attach(reader)
    queue.push(large)
    const room = queue.room()
    await clock.advance(120_000)
    expect(stalls).to.deep.equal([])
    reader.take()
    await room
    expect(clock.pendingCount).to.equal(0)
  })

  it('reports once that a reader takes nothing', async () => {
    const { queue } = make({ maxBytes: 8_000_000 })
    queue.attach(reader)
    queue.push(large)
    await clock.advance(140_000)
    expect(stalls).to.have.length(1)
    queue.push('more')
    await clock.advance(140_000)
    expect(stalls).to.have.length(1)
    queue.detach()
    expect(clock.pendingCount).to.equal(0)
  })

  it('is not deceived by a reader that takes one small message now and then', async () => {
    const { queue } = make({ maxBytes: 8_000_000 })
    queue.attach(reader)
    for (let n = 0; n < 100; n++) queue.push('small')
    for (let n = 0; n < 4 && stalls.length === 0; n++) {
      await clock.advance(20_000)
      reader.take(1)
    }
    expect(stalls).to.have.length(1)
    queue.discard()
  })

  it('lets a reader that reads fast again stand still again', async () => {
    const { queue } = make({ maxBytes: 8_000_000 })
    queue.attach(reader)
    for (let n = 0; n < 10; n++) {
      queue.push(large)
      queue.push('small')
      await clock.advance(25_000)
      reader.take(1)
    }
    expect(stalls).to.deep.equal([])
    queue.discard()
  })
})
