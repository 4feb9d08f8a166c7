// Streams over links that are cut: each item once, in order, none missing, both ways.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client, type Context, OutcomeUnknownError } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class Count extends Action {
  starts = 0

  async *action(upTo: number) {
    this.starts++
    for (let i = 1; i <= upTo; i++) yield i
    return 'all'
  }
}

class Collect extends Action {
  starts = 0

  async action(items: AsyncIterable<number>) {
    this.starts++
    return itemsOf(items)
  }
}

class Double extends Action {
  async *action(items: AsyncIterable<number>) {
    for await (const item of items) yield item * 2
  }
}

class Emit extends Action {
  async action(upTo: number, { emit }: Context<number>) {
    for (let i = 1; i <= upTo; i++) await emit(i)
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

describe('a stream whose link is cut', () => {
  let world: World
  let client: Client
  let count: Count
  let collect: Collect

  beforeEach(async () => {
    world = new World()
    count = new Count()
    collect = new Collect()
    await world.serve([count, collect, new Double(), new Emit()])
    client = world.client()
    await client.connect()
    await world.clock.advance(2_000)
  })

  afterEach(() => world.close())

  async function* feed(count: number): AsyncGenerator<number> {
    yield* upTo(count)
  }

  for (const nth of [1, 2, 100, 255, 256, 257, 600]) {
    it(`gives all items when item ${nth} is lost`, async () => {
      world.network.cutAt(Kind.Item, 'down', 'lose and cut', nth)
      const call = client.runAction(Count, 600)
      expect(await world.clock.until(itemsOf(call))).to.deep.equal(upTo(600))
      expect(await call).to.equal('all')
      expect(count.starts).to.equal(1)
      expect(world.network.wires).to.have.length(2)
    })

    it(`takes all input when input item ${nth} is lost`, async () => {
      world.network.cutAt(Kind.Input, 'up', 'lose and cut', nth)
      const call = client.runAction(Collect, feed(600))
      expect(await world.clock.until(call)).to.deep.equal(upTo(600))
      expect(collect.starts).to.equal(1)
      expect(world.network.wires).to.have.length(2)
    })
  }

  for (const [what, kind, direction] of [
    ['the end of the input', Kind.InputEnd, 'up'],
    ['a grant for input', Kind.InputCredit, 'down'],
    ['a grant for items', Kind.Credit, 'up'],
    ['the result', Kind.Result, 'down'],
    ['the call', Kind.Call, 'up'],
  ] as const) {
    it(`goes on both ways when ${what} is lost`, async () => {
      world.network.cutAt(kind, direction)
      const call = client.runAction(Double, feed(500))
      expect(await world.clock.until(itemsOf(call))).to.deep.equal(upTo(500).map((n) => n * 2))
      expect(world.network.wires).to.have.length(2)
    })
  }

  it('is not confused by items that came twice', async () => {
    const { network } = world
    // The items arrive; that they did is not heard of.
    network.judge = (frame, direction) => (frame.kind === Kind.Credit && direction === 'up' ? 'lose and cut' : 'pass')
    const first = itemsOf(client.runAction(Count, 400, { retry: 100 }))
    await world.clock.advance(2_000)
    network.judge = undefined
    expect(await world.clock.until(first)).to.deep.equal(upTo(400))
    expect(network.wires.length).to.be.greaterThan(2)
  })

  it('survives cuts at any frame', async () => {
    const { network } = world
    let frames = 0
    network.judge = () => (++frames % 997 === 0 ? 'lose and cut' : 'pass')
    const call = client.runAction(Double, feed(6_000), { retry: 1_000 })
    expect(await world.clock.until(itemsOf(call))).to.deep.equal(upTo(6_000).map((n) => n * 2))
    expect(network.wires.length).to.be.greaterThan(10)
    network.judge = undefined
  })

  it('continues what an action emits', async () => {
    world.network.cutAt(Kind.Item, 'down', 'lose and cut', 50)
    expect(await world.clock.until(itemsOf(client.runAction(Emit, 300)))).to.deep.equal(upTo(300))
  })

  it('keeps the items that came before the server was lost, then says that the outcome is unknown', async () => {
    const call = client.runAction(Count, 10_000)
    const items = call[Symbol.asyncIterator]()
    const received = [(await items.next()).value as number]
    await settle()
    world.network.crash('server')
    await world.serve([new Count()])
    await world.clock.advance(20_000)
    const error = await failureOf(
      (async () => {
        for await (const item of items) received.push(item)
      })(),
    )
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(received.length).to.be.greaterThan(10)
    expect(received).to.deep.equal(upTo(received.length))
  })

  it('is not begun anew on a restarted server, idempotent or not, once items came', async () => {
    const fresh = new Count()
    const call = client.runAction(Count, 10_000, { idempotent: true })
    const iterator = call[Symbol.asyncIterator]()
    expect(await iterator.next()).to.deep.equal({ done: false, value: 1 })
    world.network.crash('server')
    await world.serve([fresh])
    expect(await world.clock.until(failureOf(call))).to.be.instanceOf(OutcomeUnknownError)
    expect(fresh.starts).to.equal(0)
  })
})

describe('a stream whose call was aborted', () => {
  it('is sent again over another link as far as it had come: the answer counts those items', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work], { limits: { streamWindowBytes: 4_096 } })
    const peer = await FramePeer.enter(world, ['Work'])
    await peer.call(1_024, { remainingMs: 1_000 })
    const { context, fail } = work.run
    context.signal.addEventListener('abort', () => fail(context.signal.reason))
    world.network.wire.hold('down')
    const { emit } = context as unknown as Context<number>
    for (let i = 0; i < 10; i++) emit(i).catch(() => undefined)
    await world.clock.advance(1_000)
    world.network.wire.cut('rst')
    await settle()
    const again = await FramePeer.resume(world, peer, ['Work'])
    await again.call(1_024, { attempt: 2 })
    // A window of four items had been sent.
    expect(again.all(Kind.Item).map(({ index }) => index)).to.deep.equal([0, 1, 2, 3])
    expect(again.all(Kind.Failure).map(({ items }) => items)).to.deep.equal([4])
    await again.send({ kind: Kind.Credit, seq: 1_024, received: 4, granted: 8_192 })
    expect(again.endReason).to.equal(undefined)
    await again.close()
    await peer.close()
    await world.close()
  })
})
