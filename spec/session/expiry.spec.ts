// How long a session outlives its links, and who may go on with it.
import { expect } from 'chai'
import { type Client, Guard, OutcomeUnknownError, type Server, type ServerSession } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const leaseMs = 15 * 60_000

/** Takes anybody at their word. */
class Name extends Guard<string> {
  check(name: string | undefined) {
    return name === undefined ? false : { id: name }
  }
}

describe('a session without a link', () => {
  let world: World
  let work: Work
  let server: Server
  let client: Client

  beforeEach(async () => {
    world = new World()
    work = new Work()
    server = await world.serve([work])
    client = world.client({ retry: Number.POSITIVE_INFINITY })
  })

  afterEach(() => world.close())

  async function loseLink(): Promise<void> {
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await settle()
  }

  it('stands for 15 minutes, with its calls', async () => {
    const call = client.runAction(Work, undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    await settle()
    const id = client.sessionId
    await loseLink()
    await world.clock.advance(leaseMs - 10_000)
    expect(server.sessions.map((session) => [session.id, session.isConnected])).to.deep.equal([[id, false]])
    expect(work.run.context.signal.aborted).to.equal(false)
    world.network.setReachable('server', true)
    await world.clock.advance(9_000)
    expect(client.isConnected).to.equal(true)
    await world.clock.advance(leaseMs)
    work.run.finish('after half an hour')
    expect(await call).to.equal('after half an hour')
    expect(client.sessionId).to.equal(id)
  })

  it('is over then: handlers are told, a late client gets a new one', async () => {
    const call = failureOf(client.runAction(Work, undefined, { timeoutMs: Number.POSITIVE_INFINITY }))
    await settle()
    const id = client.sessionId
    work.run.context.session.state.set('key', 'value')
    await loseLink()
    await world.clock.advance(leaseMs)
    expect(server.sessions).to.deep.equal([])
    expect(work.run.context.signal.aborted).to.equal(true)
    expect(work.run.context.signal.reason.message).to.match(/did not come back within 900000 ms/)
    world.network.setReachable('server', true)
    const error = await world.clock.until(call)
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    const next = client.runAction(Work)
    await world.clock.advance(5_000)
    expect(client.sessionId).to.not.equal(id)
    expect(work.runs[1]?.context.session.state.size).to.equal(0)
    work.runs[0]?.finish('for nobody')
    work.runs[1]?.finish('mine')
    expect(await next).to.equal('mine')
  })

  it('lasts as long as limits.sessionLeaseMs says, counted anew from each loss', async () => {
    await world.serve([work], { limits: { sessionLeaseMs: 60_000 } }, 'short')
    const other = world.client({ retry: Number.POSITIVE_INFINITY }, 'short')
    await other.connect()
    const call = other.runAction(Work)
    await settle()
    work.run.finish()
    await call
    const id = other.sessionId
    for (let i = 0; i < 3; i++) {
      world.network.setReachable('short', false)
      world.network.wire.cut()
      await world.clock.advance(50_000)
      world.network.setReachable('short', true)
      await world.clock.until(other.connect())
      expect(other.sessionId).to.equal(id)
    }
  })

  it('ends at once when its client leaves', async () => {
    const call = failureOf(client.runAction(Work))
    await settle()
    await client.close()
    await call
    await settle()
    expect(server.sessions).to.deep.equal([])
    expect(work.run.context.signal.aborted).to.equal(true)
    work.run.finish()
  })

  it('settles what its server asks of a client that is gone, before and after the end', async () => {
    await client.connect()
    const session = server.sessions[0] as ServerSession
    const waiting = failureOf(session.runAction('ask', 1, { timeoutMs: Number.POSITIVE_INFINITY }))
    const unsent = failureOf(
      (async () => {
        await loseLink()
        await session.runAction('ask', 2, { timeoutMs: Number.POSITIVE_INFINITY })
      })(),
    )
    await world.clock.advance(leaseMs)
    expect(session.isConnected).to.equal(false)
    expect(await waiting).to.be.instanceOf(Error)
    expect(await unsent).to.include({ code: 'UNREACHABLE', notStarted: true })
    const late = await failureOf(
      session.runAction('ask', 3, { timeoutMs: Number.POSITIVE_INFINITY }) as Promise<unknown>,
    )
    expect(late).to.include({ code: 'UNREACHABLE', notStarted: true })
  })
})

describe('resuming a session', () => {
  let world: World
  let server: Server
  const peers: FramePeer[] = []

  beforeEach(async () => {
    world = new World()
    server = await world.serve([new Work()], { guards: [new Name()] })
  })

  afterEach(async () => {
    for (const peer of peers.splice(0)) await peer.close()
    await world.close()
  })

  async function enter(hello: Parameters<typeof FramePeer.enter>[2]): Promise<FramePeer> {
    const peer = await FramePeer.enter(world, [], hello)
    peers.push(peer)
    return peer
  }

  for (const [what, change, resumes] of [
    ['with the right secret and identity goes on', {}, true],
    ['with a wrong secret gets a new session', { resumeSecret: new Uint8Array(32) }, false],
    ['with a secret of another length gets a new session', { resumeSecret: new Uint8Array(1) }, false],
    ['without a secret gets a new session', { resumeSecret: undefined }, false],
    ['as somebody else gets a new session', { credentials: { Name: 'Eve' } }, false],
    ['with an unknown id gets a new session', { sessionId: '0'.repeat(32) }, false],
  ] as const) {
    it(what, async () => {
      const former = await enter({ credentials: { Name: 'Ann' } })
      const { sessionId, resumeSecret } = former.welcome
      const again = await enter({ sessionId, resumeSecret, credentials: { Name: 'Ann' }, ...change })
      expect(again.welcome.resumed).to.equal(resumes)
      expect(again.welcome.sessionId === sessionId).to.equal(resumes)
      expect(Buffer.from(again.welcome.resumeSecret).equals(resumeSecret)).to.equal(resumes)
      expect(server.sessions).to.have.length(resumes ? 1 : 2)
      expect(former.endReason !== undefined, 'the former link was closed').to.equal(resumes)
    })
  }
})
