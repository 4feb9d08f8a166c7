// The bounds of channels while clients come and go: what was cancelled counts no more, and a full server is waited for.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Channel, type Client, type Server, type Subscription } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'

class News extends Channel<string> {}

class Guarded extends Channel<string> {
  override async canSubscribe(): Promise<boolean> {
    return true
  }
}

/** Lets nobody in before it is asked again. */
class Shy extends Channel<string> {
  override canSubscribe(): Promise<boolean> {
    return new Promise(() => undefined)
  }
}

const leaseMs = 2_000

describe('The bounds of channels', () => {
  let world: World
  let server: Server
  let client: Client

  beforeEach(async () => {
    world = new World()
    server = await world.serve([], { limits: { sessionLeaseMs: leaseMs } })
    client = world.client()
  })

  afterEach(() => world.close())

  const enter = async (Topic: typeof News, keys: readonly string[], of: Client = client) => {
    const entered = keys.map((key) => of.subscribe(Topic, { key }))
    await world.clock.until(Promise.all(entered.map(({ ready }) => ready)))
    return entered
  }

  const keys = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

  for (const Topic of [News, Guarded]) {
    it(`let a client leave and enter as many rooms as it may in one turn (${Topic.name})`, async () => {
      server.addChannel(new Topic(), { maxPerSession: 60 })
      const left = await enter(Topic, keys(60, 'old'))
      for (const subscription of left) subscription.unsubscribe()
      const entered = keys(60, 'new').map((key) => client.subscribe(Topic, { key, retry: 0 }))
      await settle()
      expect(entered.filter(({ isOver }) => isOver)).to.have.length(0)
      expect(server.channel(Topic).readerCount({ key: 'new59' })).to.equal(1)
    })
  }

  it('give the rooms that were left to those that are entered in the same turn', async () => {
    server.addChannel(new News(), { maxRooms: 20 })
    const left = await enter(News, keys(20, 'old'))
    for (const subscription of left) subscription.unsubscribe()
    const entered = keys(20, 'new').map((key) => client.subscribe(News, { key, retry: 0 }))
    await settle()
    expect(entered.filter(({ isOver }) => isOver)).to.have.length(0)
    expect(server.channel(News).roomCount).to.equal(20)
  })

  it('let a client stop and begin looking at who is present in one turn', async () => {
    server.addChannel(new News(), { maxPerSession: 5, maxRooms: 5 })
    const looks = keys(5, 'old').map((key) => client.watchPresence(News, { key }))
    await world.clock.until(Promise.all(looks.map(({ ready }) => ready)))
    for (const look of looks) look.unsubscribe()
    const others = keys(5, 'new').map((key) => client.watchPresence(News, { key, retry: 0 }))
    await settle()
    expect(others.filter(({ isOver }) => isOver)).to.have.length(0)
  })

  it('do not count what ends before the channel has let it in', async () => {
    server.addChannel(new Shy(), { maxPerSession: 2 })
    const asked = keys(2, 'old').map((key) => client.subscribe(Shy, { key }))
    await settle()
    for (const subscription of asked) subscription.unsubscribe()
    const others = keys(2, 'new').map((key) => client.subscribe(Shy, { key, retry: 0 }))
    await settle()
    expect(others.filter(({ isOver }) => isOver)).to.have.length(0)
    for (const subscription of others) subscription.unsubscribe()
    await settle()
  })

  it('count each once, however it ends', async () => {
    server.addChannel(new News(), { maxPerSession: 2 })
    for (let round = 0; round < 3; round++) {
      const [one, two] = await enter(News, ['a', 'b'])
      expect(await world.clock.until(failureOf(client.subscribe(News, { retry: 0 }).ready))).to.include({
        code: 'BUSY',
      })
      one?.unsubscribe()
      two?.unsubscribe()
      await settle()
    }
  })

  it('are waited for by those who enter before they leave', async () => {
    server.addChannel(new News(), { maxPerSession: 3 })
    const left = await enter(News, keys(3, 'old'))
    const entered = keys(3, 'new').map((key) => client.subscribe(News, { key }))
    for (const subscription of left) subscription.unsubscribe()
    await world.clock.until(Promise.all(entered.map(({ ready }) => ready)))
    expect(server.channel(News).roomCount).to.equal(3)
  })

  it('are an error for a subscription that was never let in, after a few attempts', async () => {
    server.addChannel(new News(), { maxPerSession: 1 })
    await enter(News, ['mine'])
    const startedAtMs = world.clock.now()
    const failure = await world.clock.until(failureOf(client.subscribe(News, { key: 'more' }).ready))
    expect(failure).to.include({ code: 'BUSY' })
    expect(failure.message).to.contain("raise the channel's option maxPerSession")
    expect(world.clock.now() - startedAtMs).to.be.within(100, 5_000)
    // Whoever says how often it is to be tried is heeded.
    const patient = client.subscribe(News, { key: 'more', retry: Number.POSITIVE_INFINITY })
    await world.clock.advance(60_000)
    expect(patient.isOver).to.equal(false)
  })

  /** The session of a client that is in a room is lost, and its place is taken before it comes back. */
  const loseThePlace = async (begin: () => Pick<Subscription, 'ready'>) => {
    server.addChannel(new News(), { maxRooms: 1 })
    await world.clock.until(begin().ready)
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await world.clock.advance(leaseMs + 1_000)
    world.network.setReachable('server', true)
    const other = world.client({ backoff: { minMs: 1, maxMs: 1 } })
    const [taken] = await enter(News, ['other'], other)
    await world.clock.advance(120_000)
    return taken
  }

  it('are waited for by a subscription that was in before, until it is ended', async () => {
    let subscription: Subscription<string> | undefined
    const taken = await loseThePlace(() => {
      subscription = client.subscribe(News, { key: 'mine' })
      return subscription
    })
    expect(subscription?.isOver).to.equal(false)
    taken?.unsubscribe()
    await world.clock.advance(10_000)
    expect(server.channel(News).readerCount({ key: 'mine' })).to.equal(1)
  })

  it('are asked as often as the option says, and once more', async () => {
    server.addChannel(new News(), { maxPerSession: 1 })
    await enter(News, ['mine'])
    for (const retry of [0, 1, 4]) {
      const before = world.network.wire.sent(Kind.Call, 'up').length
      await world.clock.until(failureOf(client.subscribe(News, { key: 'more', retry }).ready))
      expect(world.network.wire.sent(Kind.Call, 'up').length - before).to.equal(retry + 1)
    }
  })

  it('end one that was in before after as many attempts as its option says', async () => {
    let subscription: Subscription<string> | undefined
    await loseThePlace(() => {
      subscription = client.subscribe(News, { key: 'mine', retry: 4 })
      return subscription
    })
    expect(await failureOf(subscription?.done as Promise<void>)).to.include({ code: 'BUSY' })
  })
})
