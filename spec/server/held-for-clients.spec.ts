// What a server holds for its clients, as it accounts for it: from sessions and links to who has to go.
import { expect } from 'chai'
import { Action, type Client, type Context, Guard, OutcomeUnknownError, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const kibibyte = 1024
const sessionBytes = 16 * kibibyte

/** Takes anybody at their word. */
class Name extends Guard<string> {
  check(name: string | undefined) {
    return name === undefined ? false : { id: name }
  }
}

class Blob extends Action {
  action(kibibytes: number): Uint8Array {
    return new Uint8Array(kibibytes * kibibyte)
  }
}

class Feed extends Action {
  async *action(count: number) {
    for (let i = 0; i < count; i++) yield new Uint8Array(4 * kibibyte)
  }
}

class Unread extends Action {
  async action(_chunks: AsyncIterable<Uint8Array>, { signal }: Context): Promise<void> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}

describe('what a server holds for its clients', () => {
  let world: World
  let work: Work
  let server: Server

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  async function serve(limits: Record<string, number> = {}): Promise<void> {
    server = await world.serve([work, new Blob(), new Feed(), new Unread()], { guards: [new Name()], limits })
  }

  async function clientOf(name: string): Promise<Client> {
    const client = world.client({ credentials: [Name.credential(name)], retry: Number.POSITIVE_INFINITY })
    await world.clock.until(client.connect())
    return client
  }

  /** Its link breaks, and it does not come back. */
  async function cutOff(): Promise<void> {
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await settle()
  }

  it('is a place for a session, as long as it is kept', async () => {
    await serve()
    expect(server.usage).to.deep.include({ heldBytes: 0, shed: 0, maxHeldBytes: 256 * kibibyte * kibibyte })
    const client = await clientOf('ann')
    expect(server.usage.places['sessions']).to.deep.equal({ taken: 1, max: 100_000 })
    expect(server.usage.held.places).to.be.at.least(sessionBytes)
    expect(server.usage.largest.map(({ holder }) => holder)).to.include('ann')
    await world.clock.until(client.close())
    await settle()
    expect(server.usage.places['sessions']?.taken).to.equal(0)
    expect(server.usage.heldBytes).to.equal(0)
  })

  it('is the data of calls that run, and no longer', async () => {
    await serve()
    const client = await clientOf('ann')
    const call = client.runAction(Work, new Uint8Array(100 * kibibyte))
    await settle()
    expect(server.usage.held.calls).to.be.at.least(100 * kibibyte)
    work.run.finish()
    await call
    expect(server.usage.held.calls).to.be.at.most(10 * kibibyte)
  })

  it('is the data of calls that the server makes to a client, while that is away too', async () => {
    await serve()
    await clientOf('ann')
    await cutOff()
    const [session] = server.sessions
    const call = failureOf(session?.runAction('any', new Uint8Array(100 * kibibyte)) ?? expect.fail('no session'))
    await settle()
    expect(server.usage.held.calls).to.be.at.least(100 * kibibyte)
    session?.end()
    await world.clock.until(call)
    await settle()
    expect(server.usage.held.calls).to.equal(0)
  })

  it('is an answer until its caller has confirmed it', async () => {
    await serve()
    const client = await clientOf('ann')
    const call = client.runAction(Work)
    await settle()
    await cutOff()
    work.run.finish(new Uint8Array(300 * kibibyte))
    await settle()
    expect(server.usage.held.answers).to.be.at.least(300 * kibibyte)
    world.network.setReachable('server', true)
    await world.clock.until(call)
    await world.clock.advance(1_000)
    expect(server.usage.held.answers).to.be.at.most(kibibyte)
  })

  it('is items that nobody has taken', async () => {
    await serve()
    const client = await clientOf('ann')
    const stream = client.runAction(Feed, 1_000)
    await stream[Symbol.asyncIterator]().next()
    await settle()
    expect(server.usage.held.items).to.be.within(100 * kibibyte, 600 * kibibyte)
    stream.cancel()
    await failureOf(stream)
    await settle()
    expect(server.usage.held.items).to.equal(0)
  })

  it('is input that no handler has read', async () => {
    await serve()
    const client = await clientOf('ann')
    async function* chunks() {
      for (let i = 0; i < 100; i++) yield new Uint8Array(4 * kibibyte)
    }
    const call = failureOf(client.runAction(Unread, chunks()))
    await settle()
    expect(server.usage.held.input).to.be.at.least(100 * kibibyte)
    await world.clock.until(client.close())
    await call
    await settle()
    expect(server.usage.held.input).to.equal(0)
  })

  it('is the names of actions, which go with the link', async () => {
    await serve()
    const client = await clientOf('ann')
    for (let i = 0; i < 20; i++) await failureOf(client.runAction(`a${i}`.padEnd(100, 'x')))
    expect(server.usage.held.names).to.be.at.least(20 * 300)
    await cutOff()
    expect(server.sessions).to.have.length(1)
    expect(server.usage.held.names).to.equal(0)
  })

  describe('of a session that is away', () => {
    it('ends after a short lease, if nothing was ever called', async () => {
      await serve()
      await clientOf('ann')
      await cutOff()
      await world.clock.advance(29_000)
      expect(server.sessions).to.have.length(1)
      await world.clock.advance(2_000)
      expect(server.sessions).to.deep.equal([])
    })

    it('ends after its whole lease, if something was', async () => {
      await serve()
      const client = await clientOf('ann')
      await client.runAction(Blob, 1)
      await cutOff()
      await world.clock.advance(14 * 60_000)
      expect(server.sessions).to.have.length(1)
      await world.clock.advance(2 * 60_000)
      expect(server.sessions).to.deep.equal([])
    })

    it('ends after no more than the whole lease, if that is shorter', async () => {
      await serve({ sessionLeaseMs: 5_000 })
      await clientOf('ann')
      await cutOff()
      await world.clock.advance(6_000)
      expect(server.sessions).to.deep.equal([])
    })
  })

  describe('when it is more than limits.maxHeldBytes', () => {
    /** Answers that are kept for one who is away. */
    async function hoard(name: string, kibibytes: number): Promise<void> {
      const client = await clientOf(name)
      const before = work.runs.length
      void failureOf(client.runAction(Work)).catch(() => undefined)
      await settle()
      world.network.wire.cut()
      await settle()
      work.runs[before]?.finish(new Uint8Array(kibibytes * kibibyte))
      await settle()
    }

    it('makes room at the cost of the largest holder, who learns that the outcome is unknown', async () => {
      await serve({ maxHeldBytes: 2_000 * kibibyte })
      const mallory = await clientOf('mallory')
      const call = failureOf(mallory.runAction(Work))
      await settle()
      world.network.wire.cut()
      const ann = await clientOf('ann')
      await ann.runAction(Blob, 1)
      const annsSession = ann.sessionId
      await cutOff()
      work.run.finish(new Uint8Array(1_990 * kibibyte))
      await settle()
      await new Promise((resolve) => setImmediate(resolve))
      expect(server.usage.shed).to.equal(1)
      expect(server.usage.heldBytes).to.be.at.most(2_000 * kibibyte)
      expect(server.sessions.map(({ id }) => id)).to.deep.equal([annsSession])
      world.network.setReachable('server', true)
      expect(await world.clock.until(call)).to.be.instanceOf(OutcomeUnknownError)
      await world.clock.until(ann.runAction(Blob, 1))
      expect(ann.sessionId).to.equal(annsSession)
    })

    it('keeps it below', async () => {
      await serve({ maxHeldBytes: 2_000 * kibibyte })
      for (let i = 0; i < 10; i++) {
        await hoard(`${i}`, 500)
        await new Promise((resolve) => setImmediate(resolve))
        expect(server.usage.heldBytes, `after ${i}`).to.be.at.most(2_000 * kibibyte)
      }
      expect(server.usage.shed).to.be.at.least(5)
    })

    it('ends a session that has its link, and says so to its client, which goes on with another one', async () => {
      await serve({ maxHeldBytes: 1_000 * kibibyte })
      const ann = await clientOf('ann')
      const call = failureOf(ann.runAction(Work, new Uint8Array(1_100 * kibibyte)))
      const id = ann.sessionId
      await settle()
      await new Promise((resolve) => setImmediate(resolve))
      expect(await world.clock.until(call)).to.be.instanceOf(OutcomeUnknownError)
      expect(work.run.context.signal.aborted).to.equal(true)
      await world.clock.until(ann.runAction(Blob, 1))
      expect(ann.sessionId).to.not.equal(id)
    })
  })
})
