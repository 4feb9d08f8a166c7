// What channels hold for clients counts for these, is bounded for the whole server, and shared out fairly.
import { expect } from 'chai'
import { Channel, type Client, type Server, type Subscription } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const kibibyte = 1024
const leaseMs = 600_000
const ttlMs = 60_000
const [mallory, ann, bob] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const

/** Anybody publishes, with any key. */
class Wall extends Channel<Uint8Array | number> {
  static override history = { size: 1_000, ttlMs }
  readonly left: string[] = []

  override canPublish() {
    return true
  }

  override onLeave({ session }: { readonly session: string }) {
    this.left.push(session)
  }
}

class Ticks extends Channel<number> {}

/** Lets clients in when it is told to. */
class Slow extends Channel<number> {
  letIn: (isAllowed: boolean) => void = () => undefined

  override canSubscribe(): Promise<boolean> {
    return new Promise((resolve) => {
      this.letIn = resolve
    })
  }
}

describe('What channels hold for clients', () => {
  let world: World
  let server: Server
  let wall: Wall
  const work = new Work()

  const serve = async (limits: Record<string, number> = {}, maxRooms = 10_000): Promise<void> => {
    server = await world.serve([work], { limits: { sessionLeaseMs: leaseMs, ...limits } })
    wall = new Wall()
    server.addChannel(wall, { maxRooms })
  }

  beforeEach(() => {
    world = new World()
    work.runs.splice(0)
  })

  afterEach(() => world.close())

  const clientAt = async (address: string): Promise<Client> => {
    const client = world.client({ network: world.network.at(address), limits: { streamWindowBytes: 4 * kibibyte } })
    await world.clock.until(client.connect())
    return client
  }

  const enter = async <M>(subscription: Subscription<M>): Promise<Subscription<M>> => {
    await world.clock.until(subscription.ready)
    return subscription
  }

  const seenBy = (subscription: Subscription<unknown>): unknown[] => {
    const seen: unknown[] = []
    void (async () => {
      for await (const message of subscription) seen.push(message)
    })().catch(() => undefined)
    return seen
  }

  /** The connection of the client that connected last breaks, and nobody can come back. */
  const cutOff = async (): Promise<void> => {
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await settle()
  }

  const letBack = async (): Promise<void> => {
    world.network.setReachable('server', true)
    await world.clock.advance(10_000)
  }

  /** Room is made between the turns of the event loop. */
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  const keptIn = (key: string): number => server.channel(Wall).history({ key }).length

  describe('in histories', () => {
    it('is bounded for all rooms together, at the cost of who says most', async () => {
      const maxHeldBytes = 2_000 * kibibyte
      await serve({ maxHeldBytes })
      const honest = await clientAt(ann)
      await honest.publish(Wall, new Uint8Array(100 * kibibyte), { key: 'honest' })
      const flood = await clientAt(mallory)
      for (let i = 0; i < 60; i++) {
        await flood.publish(Wall, new Uint8Array(100 * kibibyte), { key: `${i}` })
        await nextTurn()
        expect(server.usage.heldBytes).to.be.at.most(maxHeldBytes)
      }
      expect(keptIn('honest')).to.equal(1)
      expect(keptIn('0')).to.equal(0)
      expect(keptIn('59')).to.equal(1)
      expect(server.sessions).to.have.length(2)
    })

    it('is spared where the server itself said it, as long as clients have something', async () => {
      await serve({ maxHeldBytes: 2_000 * kibibyte })
      for (let i = 0; i < 8; i++)
        await server.channel(Wall).publish(new Uint8Array(100 * kibibyte), { key: `own ${i}` })
      expect(server.usage.largest[0]).to.include({ holder: 'server' })
      const flood = await clientAt(mallory)
      for (let i = 0; i < 40; i++) {
        await flood.publish(Wall, new Uint8Array(100 * kibibyte), { key: `${i}` })
        await nextTurn()
      }
      expect(server.usage.heldBytes).to.be.at.most(2_000 * kibibyte)
      for (let i = 0; i < 8; i++) expect(keptIn(`own ${i}`)).to.equal(1)
    })

    it('is bounded where the server said all of it', async () => {
      await serve({ maxHeldBytes: 2_000 * kibibyte })
      for (let i = 0; i < 40; i++) {
        await server.channel(Wall).publish(new Uint8Array(100 * kibibyte), { key: `${i}` })
        await nextTurn()
        expect(server.usage.heldBytes).to.be.at.most(2_000 * kibibyte)
      }
    })

    it('is theirs who said most of it, whoever made the room', async () => {
      await serve()
      const key = 'made by the server'
      await server.channel(Wall).publish(new Uint8Array(10 * kibibyte), { key })
      const client = await clientAt(mallory)
      const before = server.usage.largest.find(({ holder }) => holder === mallory)?.bytes ?? 0
      await client.publish(Wall, new Uint8Array(100 * kibibyte), { key })
      expect(server.usage.largest[0]).to.include({ holder: mallory })
      expect(server.usage.largest[0]?.bytes).to.be.at.least(before + 110 * kibibyte)
      // Who says more takes it over, and no little.
      const other = await clientAt(ann)
      await other.publish(Wall, new Uint8Array(1), { key })
      expect(server.usage.largest[0]).to.include({ holder: mallory })
      await other.publish(Wall, new Uint8Array(300 * kibibyte), { key })
      expect(server.usage.largest[0]).to.include({ holder: ann })
    })

    it('goes before its subscribers do, who notice it when they come back', async () => {
      await serve({ maxHeldBytes: 2_000 * kibibyte, sessionLeaseMs: 2_000 })
      const reader = await clientAt(ann)
      const subscription = await enter(reader.subscribe(Wall, { key: 'room' }))
      const seen = seenBy(subscription)
      await server.channel(Wall).publish(1, { key: 'room' })
      for (let i = 0; i < 30; i++) {
        await reader.publish(Wall, new Uint8Array(100 * kibibyte), { key: 'room' })
        await nextTurn()
        await world.clock.advance(100)
      }
      await server.channel(Wall).publish(2, { key: 'room' })
      await settle()
      expect(seen).to.have.length(32)
      expect(seen.at(-1)).to.equal(2)
      expect(subscription.recovered).to.equal(true)
      expect(server.usage.shed).to.be.at.least(1)
      expect(keptIn('room')).to.be.below(30)
      expect(server.sessions).to.have.length(1)
    })

    it('counts for nobody any more when it is too old, or its channel removed', async () => {
      await serve()
      const client = await clientAt(mallory)
      for (const key of ['a', 'b']) await client.publish(Wall, new Uint8Array(100 * kibibyte), { key })
      expect(server.usage.held.histories).to.be.at.least(200 * kibibyte)
      await world.clock.advance(2 * ttlMs)
      expect(server.usage.held.histories).to.equal(0)
      expect(server.usage.places).to.deep.include({ 'rooms of Wall': { taken: 0, max: 10_000 } })
      await client.publish(Wall, new Uint8Array(100 * kibibyte), { key: 'c' })
      server.removeChannel(Wall)
      expect(server.usage.held.histories).to.equal(0)
      expect(server.usage.places).to.not.have.property('rooms of Wall')
      await world.clock.until(client.close())
      await settle()
      expect(server.usage.heldBytes).to.equal(0)
    })
  })

  describe('in rooms', () => {
    it('makes room for newcomers at the cost of the address that has most, also while it is in them', async () => {
      await serve({}, 3)
      const honest = await clientAt(ann)
      const kept = await enter(honest.subscribe(Wall, { key: 'honest' }))
      const hoarder = await clientAt(mallory)
      const hoard = [
        await enter(hoarder.subscribe(Wall, { key: '0' })),
        await enter(hoarder.subscribe(Wall, { key: '1' })),
      ]
      const newcomer = await clientAt(bob)
      await enter(newcomer.subscribe(Wall, { key: 'newcomer' }))
      expect(server.channel(Wall).readerCount({ key: '0' })).to.equal(0)
      expect(server.channel(Wall).readerCount({ key: '1' })).to.equal(1)
      expect(server.channel(Wall).readerCount({ key: 'honest' })).to.equal(1)
      expect(server.channel(Wall).roomCount).to.equal(3)
      // It is waited for, and told when there is room again.
      kept.unsubscribe()
      await world.clock.advance(10_000)
      expect(server.channel(Wall).readerCount({ key: '0' })).to.equal(1)
      expect(hoard.map(({ recovered }) => recovered)).to.deep.equal([false, true])
    })

    it('makes room where nobody in them has a link', async () => {
      await serve({}, 2)
      const away = await clientAt(ann)
      const lost = await enter(away.subscribe(Wall, { key: 'away' }))
      await cutOff()
      world.network.setReachable('server', true)
      const here = await clientAt(ann)
      await enter(here.subscribe(Wall, { key: 'here' }))
      world.network.setReachable('server', false)
      world.network.setReachable('server', true)
      await enter(here.subscribe(Wall, { key: 'next' }))
      expect(server.channel(Wall).readerCount({ key: 'away' })).to.equal(0)
      expect(server.channel(Wall).readerCount({ key: 'here' })).to.equal(1)
      expect(lost.isOver).to.equal(false)
    })

    it('says that those who were present have left', async () => {
      await serve({}, 1)
      const away = await clientAt(ann)
      await enter(away.subscribe(Wall, { key: 'away' }))
      const { sessionId } = away
      await cutOff()
      world.network.setReachable('server', true)
      await enter((await clientAt(ann)).subscribe(Wall, { key: 'next' }))
      await settle()
      expect(wall.left).to.deep.equal([sessionId])
    })

    it('is in use again when its client is back', async () => {
      await serve({}, 1)
      const client = await clientAt(ann)
      await enter(client.subscribe(Wall, { key: 'mine' }))
      await cutOff()
      await letBack()
      expect(server.sessions.map(({ isConnected }) => isConnected)).to.deep.equal([true])
      const refused = await world.clock.until(failureOf(client.subscribe(Wall, { key: 'more', retry: 0 }).ready))
      expect(refused).to.include({ code: 'BUSY' })
    })

    it('is not taken from one who is away by one who has more', async () => {
      await serve({}, 3)
      const away = await clientAt(ann)
      await enter(away.subscribe(Wall, { key: 'away' }))
      await cutOff()
      world.network.setReachable('server', true)
      const hoarder = await clientAt(mallory)
      for (const key of ['0', '1']) await enter(hoarder.subscribe(Wall, { key }))
      const refused = await world.clock.until(failureOf(hoarder.subscribe(Wall, { key: '2', retry: 0 }).ready))
      expect(refused).to.include({ code: 'BUSY' })
      expect(server.channel(Wall).readerCount({ key: 'away' })).to.equal(1)
    })
  })

  describe('in sessions', () => {
    const loseTheFirst = async (
      subscribe: (client: Client) => Subscription<unknown>,
    ): Promise<Subscription<unknown>> => {
      await serve({ maxSessions: 2 })
      server.addChannel(new Ticks())
      const worker = await clientAt(bob)
      void Promise.resolve(worker.runAction(Work)).catch(() => undefined)
      await settle()
      await cutOff()
      world.network.setReachable('server', true)
      const reader = await clientAt(bob)
      const subscription = await enter(subscribe(reader))
      const { sessionId } = reader
      await cutOff()
      await server.channel(Wall).publish(7)
      world.network.setReachable('server', true)
      const newcomer = await clientAt(bob)
      expect(server.sessions.map(({ id }) => id)).to.not.include(sessionId)
      await world.clock.until(newcomer.close())
      expect(work.run.context.signal.aborted).to.equal(false)
      return subscription
    }

    it('is no work while it is a subscription: it makes room first, and comes back with what was missed', async () => {
      let seen: unknown[] = []
      const subscription = await loseTheFirst((client) => {
        const begun = client.subscribe(Wall)
        seen = seenBy(begun)
        return begun
      })
      work.run.finish()
      await letBack()
      expect(seen).to.deep.equal([7])
      expect(subscription.recovered).to.equal(true)
    })

    it('says that something may be missing, where nothing is kept of it', async () => {
      const subscription = await loseTheFirst((client) => client.subscribe(Ticks))
      await server.channel(Ticks).publish(1)
      work.run.finish()
      await letBack()
      expect(subscription.recovered).to.equal(false)
    })

    it('is no work either where the client left while it was let in', async () => {
      await serve({ maxSessions: 2 })
      const slow = new Slow()
      server.addChannel(slow)
      const reader = await clientAt(ann)
      void failureOf(reader.subscribe(Slow).ready)
      const { sessionId } = reader
      await settle()
      await cutOff()
      slow.letIn(true)
      await settle()
      world.network.setReachable('server', true)
      await clientAt(bob)
      await clientAt(bob)
      expect(server.sessions.map(({ id }) => id)).to.not.include(sessionId)
    })

    it('is a place for each subscription, until it is cancelled', async () => {
      await serve()
      const client = await clientAt(ann)
      const before = server.usage.held.places
      const looks = ['a', 'b', 'c'].map((key) => client.watchPresence(Wall, { key }))
      await world.clock.until(Promise.all(looks.map(({ ready }) => ready)))
      expect(server.usage.held.places - before).to.be.at.least(3 * 8 * kibibyte)
      for (const look of looks) look.unsubscribe()
      await world.clock.advance(2 * ttlMs)
      expect(server.usage.held.places).to.equal(before)
    })
  })

  describe('in queues', () => {
    it('is what waits for a slow reader, and nothing for one that keeps up', async () => {
      await serve()
      const slow = await clientAt(ann)
      const subscription = await enter(slow.subscribe(Wall))
      const quick = await clientAt(bob)
      const seen = seenBy(await enter(quick.subscribe(Wall)))
      for (let i = 0; i < 20; i++) {
        await server.channel(Wall).publish(new Uint8Array(10 * kibibyte))
        await settle()
      }
      expect(seen).to.have.length(20)
      const { queues } = server.usage.held
      expect(queues).to.be.within(100 * kibibyte, 210 * kibibyte)
      expect(server.usage.largest[0]).to.include({ holder: ann })
      // It reads: what waits becomes less, to nothing.
      seenBy(subscription)
      await world.clock.advance(1_000)
      expect(server.usage.held.queues).to.equal(0)
    })

    it('is what a reader asked for and does not read, and is given back when it leaves', async () => {
      await serve()
      for (let i = 0; i < 20; i++) await server.channel(Wall).publish(new Uint8Array(10 * kibibyte))
      const slow = await clientAt(ann)
      const subscription = await enter(slow.subscribe(Wall, { since: 'oldest' }))
      const { queues } = server.usage.held
      expect(queues).to.be.within(100 * kibibyte, 210 * kibibyte)
      const iterator = subscription[Symbol.asyncIterator]()
      for (let i = 0; i < 5; i++) await world.clock.until(iterator.next())
      await settle()
      expect(server.usage.held.queues).to.be.within(50 * kibibyte, queues - 30 * kibibyte)
      subscription.unsubscribe()
      await settle()
      expect(server.usage.held.queues).to.equal(0)
    })

    it('is given back when the reader is dropped', async () => {
      await serve()
      server.removeChannel(Wall)
      server.addChannel(new Wall(), { maxQueued: 5 })
      const slow = await clientAt(ann)
      const subscription = await enter(slow.subscribe(Wall))
      for (let i = 0; i < 5; i++) await server.channel(Wall).publish(new Uint8Array(10 * kibibyte))
      expect(server.usage.held.queues).to.be.at.least(10 * kibibyte)
      for (let i = 0; i < 5; i++) await server.channel(Wall).publish(new Uint8Array(10 * kibibyte))
      expect(server.usage.held.queues).to.equal(0)
      seenBy(subscription)
      expect(await world.clock.until(failureOf(subscription.done))).to.include({ code: 'BUSY' })
    })

    it('ends the session of one that lets too much wait, before others notice', async () => {
      await serve({ maxHeldBytes: 1_000 * kibibyte })
      const slow = await clientAt(mallory)
      const lasting = await Promise.all(['a', 'b', 'c'].map((key) => enter(slow.subscribe(Wall, { key }))))
      const { sessionId } = slow
      const honest = await clientAt(ann)
      const seen = seenBy(await enter(honest.subscribe(Wall, { key: 'a' })))
      for (let i = 0; i < 20; i++) {
        for (const key of ['a', 'b', 'c'])
          await server
            .channel(Wall)
            .publish(new Uint8Array(30 * kibibyte), { key, to: [sessionId as string] })
            .catch(() => undefined)
        await settle()
        await nextTurn()
      }
      expect(server.usage.heldBytes).to.be.at.most(1_000 * kibibyte)
      expect(server.sessions.map(({ id }) => id))
        .to.include(honest.sessionId)
        .and.not.include(sessionId)
      expect(seen).to.deep.equal([])
      expect(lasting.every(({ isOver }) => !isOver)).to.equal(true)
    })
  })
})
