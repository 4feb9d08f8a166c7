// What a session keeps of calls that are over: nothing that grows with their number.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client, type Context } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { sizeOf } from '../setup/long.ts'
import { settle } from '../setup/virtual-clock.ts'
import { itemsOf, World } from '../setup/world.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Gives a result of a size, and remembers its runs weakly. */
class Produce extends Action {
  readonly signals: WeakRef<AbortSignal>[] = []

  action(size: number, { signal }: Context) {
    this.signals.push(new WeakRef(signal))
    return 'x'.repeat(size)
  }
}

class Take extends Action {
  action(data: string) {
    return data.length
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield i
  }
}

describe('what a session keeps of calls that are over', () => {
  let world: World
  let produce: Produce
  let client: Client

  beforeEach(async () => {
    world = new World()
    produce = new Produce()
    await world.serve([produce, new Take(), new Count()])
    client = world.client()
  })

  afterEach(() => world.close())

  for (const size of [10, 5_000]) {
    it(`is no run whose slot was used again (results of ${size} bytes)`, async () => {
      for (let i = 0; i < 500; i++) await client.runAction(Produce, size)
      await settle()
      collectGarbage()
      const alive = produce.signals.filter((signal) => signal.deref() !== undefined)
      expect(alive.length).to.be.lessThan(150)
    })
  }

  it('is no data of calls that were answered', async () => {
    await using harness = await createHarness({ actions: [new Take()] }) // the virtual network remembers frames
    const before = heapBytes()
    const takeMuch = (i: number) => harness.client.runAction(Take, String(i).repeat(1_000_000).slice(0, 1_000_000))
    await Promise.all(Array.from({ length: sizeOf({ all: 64, few: 32 }) }, (_, i) => takeMuch(i)))
    await settle()
    expect(heapBytes() - before).to.be.lessThan(16 * 1_024 * 1_024)
  })

  it('is no large answer: it is acknowledged as soon as it came, also one alone', async () => {
    await client.runAction(Produce, 200_000)
    await settle()
    expect(world.network.wire.sent(Kind.Ack, 'up').map((frame) => frame.seqs)).to.deep.equal([[1_024]])
  })

  it('is no answer that arrived over a former link', async () => {
    await Promise.all([client.runAction(Produce, 1), client.runAction(Produce, 2)])
    world.network.wire.cut()
    await settle()
    await world.clock.until(client.connect())
    await settle()
    expect(world.network.wire.sent(Kind.Ack, 'up').map((frame) => frame.seqs)).to.deep.equal([[1_024, 1_025]])
  })

  it('are no items of streams that were read: an idle client acknowledges them', async () => {
    const { wire } = await client.connect().then(() => world.network)
    await Promise.all(Array.from({ length: 20 }, () => itemsOf(client.runAction(Count, 100))))
    await settle()
    const acknowledged = wire.sent(Kind.Ack, 'up').flatMap((frame) => frame.seqs)
    expect(acknowledged.length).to.be.greaterThan(15)
  })
})
