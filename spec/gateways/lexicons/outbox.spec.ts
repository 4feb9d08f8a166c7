// What waits for a reader: who is slow has time, who takes nothing is let go.
import { expect } from 'chai'
import type { WebSocket } from 'ws'
import { Held } from '../../../lib/core/accounting/held.ts'
import { unaccounted } from '../../../lib/core/accounting/meter.ts'
import { Outbox } from '../../../lib/gateways/lexicons/outbox.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

/** Takes nothing until it is told to. */
class Reader {
  readonly OPEN = 1
  readyState = 1
  bufferedAmount = 0
  isTerminated = false
  readonly #sent: (() => void)[] = []

  send(text: string, _options: object, sent: () => void): void {
    this.bufferedAmount += text.length
    this.#sent.push(sent)
  }

  terminate(): void {
    this.isTerminated = true
    this.takeAll()
  }

  takeAll(): void {
    this.bufferedAmount = 0
    for (const sent of this.#sent.splice(0)) sent()
  }
}

describe('lexicons: an outbox', () => {
  const make = () => {
    const [clock, reader, reasons] = [new VirtualClock(), new Reader(), [] as string[]]
    const held = unaccounted.meter(Held.Queues)
    const outbox = new Outbox({
      held,
      socket: reader as unknown as WebSocket,
      clock,
      maxQueuedBytes: 8_000_000,
      stallTimeoutMs: 30_000,
      isBinary: false,
      onStalled: (reason) => reasons.push(reason),
    })
    return { outbox, clock, reader, reasons, held }
  }

  it('gives a slow reader a second more for each 16 KB', async () => {
    const { outbox, clock, reader } = make()
    const sent = outbox.send([{ History: 'x'.repeat(1_600_000) }])
    await clock.advance(120_000)
    expect(reader.isTerminated).to.equal(false)
    reader.takeAll()
    await sent
    expect(clock.pendingCount).to.equal(0)
  })

  it('tells what waits in it, until it has left', () => {
    const { outbox, reader, held } = make()
    void outbox.send([{ History: 'x'.repeat(10_000) }])
    void outbox.send([{ N: 1 }])
    expect(held.bytes).to.be.within(11_000, 11_100)
    reader.takeAll()
    expect(held.bytes).to.equal(0)
  })

  it('lets go of one that takes nothing', async () => {
    const { outbox, clock, reader, reasons } = make()
    const sent = outbox.send([{ History: 'x'.repeat(1_600_000) }])
    await clock.advance(140_000)
    await sent
    expect([reader.isTerminated, reasons.length]).to.deep.equal([true, 1])
  })

  it('counts what small messages cost beside their bytes', () => {
    const { outbox, reader, reasons } = make()
    let count = 0
    while (!reader.isTerminated && count < 100_000) {
      count++
      void outbox.send([{ N: 1 }])
    }
    expect([reader.isTerminated, reasons.length]).to.deep.equal([true, 1])
    expect(count).to.be.below(20_000)
  })

  it('forgets what a message cost when it has left', () => {
    const { outbox, reader } = make()
    for (let n = 0; n < 40_000; n++) {
      void outbox.send([{ N: 1 }])
      if (n % 1_000 === 0) reader.takeAll()
    }
    expect(reader.isTerminated).to.equal(false)
  })

  it('lets go at once of one for whom too much waits', () => {
    const { outbox, reader, reasons } = make()
    for (let n = 0; n < 6; n++) void outbox.send([{ History: 'x'.repeat(1_600_000) }])
    expect([reader.isTerminated, reasons.length]).to.deep.equal([true, 1])
  })
})
