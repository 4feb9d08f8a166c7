// Subscribers that do not keep up: each costs the server no more than its queue, and the others nothing.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import {
  BusyError,
  Channel,
  type ChannelOptions,
  type Client,
  type Server,
  type Subscription,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, World } from '../setup/world.ts'

class Strict extends Channel<number> {}

class Latest extends Channel<number> {
  static override overflow = 'drop-oldest' as const
}

class Earliest extends Channel<number> {
  static override overflow = 'drop-newest' as const
}

class Kept extends Channel<number> {
  static override history = { size: 2_000 }
}

/** So many go to a client that reads nothing before the server has to wait: a window of 4 KiB, at 1 KiB each. */
const onTheWay = 4
const maxQueued = 10
const limits = { streamWindowBytes: onTheWay * 1024, sessionLeaseMs: 600_000 }

describe('A subscriber that does not keep up', () => {
  let world: World
  let server: Server
  let slow: Client
  let quick: Client
  let seenByQuick: number[]

  beforeEach(async () => {
    world = new World()
    server = await world.serve([], { limits })
    slow = world.client({ limits })
    quick = world.client({ limits })
  })

  afterEach(() => world.close())

  /** One that reads nothing, beside one that reads all. */
  const subscribe = async (Topic: typeof Strict, options: ChannelOptions = {}): Promise<Subscription<number>> => {
    server.addChannel(new (Topic as new () => Strict)(), { maxQueued, ...options })
    seenByQuick = []
    const subscription = slow.subscribe(Topic)
    const other = quick.subscribe(Topic, (number) => void seenByQuick.push(number))
    await Promise.all([world.clock.until(subscription.ready), world.clock.until(other.ready)])
    return subscription
  }

  /** With a turn in between, so that those who read can. */
  const publish = async (Topic: typeof Strict, count: number) => {
    for (let number = 1; number <= count; number++) {
      await server.publish(Topic, number)
      if (number % 2 === 0) await settle()
    }
    await settle()
  }

  const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

  const firstOf = async (subscription: Subscription<number>, count: number) => {
    const seen: number[] = []
    const iterator = subscription[Symbol.asyncIterator]()
    while (seen.length < count) seen.push((await world.clock.until(iterator.next())).value as number)
    return seen
  }

  it('is let go, with the reason, after what it was sent before', async () => {
    const subscription = await subscribe(Strict)
    await publish(Strict, 100)
    expect(seenByQuick).to.deep.equal(upTo(100))
    expect(server.channel(Strict).readerCount()).to.equal(1)
    const failure = await world.clock.until(failureOf(itemsOf(subscription)))
    expect(failure).to.be.instanceOf(BusyError)
    expect(failure.message).to.equal(`channel "Strict": the reader is too slow, ${maxQueued} messages were waiting`)
    expect(subscription.position?.offset).to.be.within(onTheWay - 1, onTheWay + 1)
    expect(await failureOf(subscription.done)).to.equal(failure)
  })

  it('loses the oldest of those that wait, and is told how many', async () => {
    const subscription = await subscribe(Latest)
    await publish(Latest, 100)
    expect(seenByQuick).to.deep.equal(upTo(100))
    const seen = await firstOf(subscription, onTheWay + maxQueued)
    expect(seen.slice(-maxQueued)).to.deep.equal(upTo(100, 101 - maxQueued))
    expect(seen.slice(0, onTheWay - 1)).to.deep.equal(upTo(onTheWay - 1))
    expect(subscription.recovered).to.equal(false)
    expect(subscription.lostCount).to.equal(100 - seen.length)
  })

  it('loses the newest, and is told how many', async () => {
    const subscription = await subscribe(Earliest)
    await publish(Earliest, 100)
    expect(seenByQuick).to.deep.equal(upTo(100))
    const seen = await firstOf(subscription, onTheWay + maxQueued)
    expect(seen).to.deep.equal(upTo(onTheWay + maxQueued))
    await server.publish(Earliest, 101)
    expect(await firstOf(subscription, 1)).to.deep.equal([101])
    expect(subscription.recovered).to.equal(false)
    expect(subscription.lostCount).to.equal(100 - seen.length)
  })

  it('is given a long history as fast as it reads, and no faster', async () => {
    // What waits to be written is bounded, at a tenth of that history.
    world.network.crash('server')
    await world.clock.until(server.shutdown({ graceMs: 0 }))
    server = await world.serve([], { limits: { ...limits, maxWriteQueueBytes: 200 * 1024 } })
    server.addChannel(new Kept())
    for (let number = 1; number <= 2_000; number++) await server.publish(Kept, number)
    const subscription = slow.subscribe(Kept, { since: 'oldest' })
    await world.clock.until(subscription.ready)
    expect(world.network.wire.sent(Kind.Item, 'down').length).to.be.below(50)
    expect(await firstOf(subscription, 2_000)).to.deep.equal(upTo(2_000))
    expect(subscription.recovered).to.equal(true)
  })

  it('is bounded by bytes too', async () => {
    class Blocks extends Channel<Uint8Array> {}
    server.addChannel(new Blocks(), { maxQueuedBytes: 10_000 })
    const subscription = slow.subscribe(Blocks)
    await world.clock.until(subscription.ready)
    for (let i = 0; i < 20; i++) await server.publish(Blocks, new Uint8Array(4_000))
    await settle()
    expect(await world.clock.until(failureOf(itemsOf(subscription)))).to.be.instanceOf(BusyError)
  })

  it('that is cut off meanwhile comes again for what it missed', async () => {
    const subscription = await subscribe(Kept)
    const seen: number[] = []
    void itemsInto(subscription, seen)
    await settle()
    const [mine] = world.network.wires
    world.network.setReachable('server', false)
    mine?.cut()
    await publish(Kept, 100)
    expect(server.channel(Kept).readerCount(), 'its queue was full').to.equal(1)
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
    expect(seen).to.deep.equal(upTo(100))
    expect(subscription.recovered).to.equal(true)
    expect(seenByQuick).to.deep.equal(upTo(100))
  })

  it('of presence is given the list anew', async () => {
    server.addChannel(new Strict(), { maxQueued: 2 })
    const presence = slow.watchPresence(Strict)
    await world.clock.until(presence.ready)
    for (let i = 0; i < 20; i++) {
      const subscription = quick.subscribe(Strict)
      await world.clock.until(subscription.ready)
      if (i < 19) subscription.unsubscribe()
      await settle()
    }
    const reading = (async () => {
      for await (const { event } of presence) if (event === 'join' && presence.members.length === 1) return
    })()
    await world.clock.until(reading)
    await world.clock.advance(5_000)
    expect(presence.members.map(({ session }) => session)).to.deep.equal([quick.sessionId])
  })

  it('costs no encoding: a message is read once, whatever the number of subscribers', async () => {
    class Stories extends Channel<{ title: string }> {}
    server.addChannel(new Stories())
    let reads = 0
    const story = {
      get title() {
        reads++
        return 'it was read'
      },
    }
    await server.publish(Stories, story)
    const readsForNobody = reads
    const seen: string[] = []
    for (let i = 0; i < 20; i++) {
      const subscription = quick.subscribe(Stories, ({ title }) => void seen.push(title))
      await world.clock.until(subscription.ready)
    }
    reads = 0
    await server.publish(Stories, story)
    await settle()
    expect(seen).to.have.length(20)
    expect(reads).to.equal(readsForNobody)
  })
})

async function itemsInto(subscription: Subscription<number>, seen: number[]): Promise<void> {
  try {
    for await (const number of subscription) seen.push(number)
  } catch {
    // The spec looks at what was seen.
  }
}
