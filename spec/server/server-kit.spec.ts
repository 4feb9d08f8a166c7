// What a feature gets of its server, and when it hears of the server's life.

import { inspect } from 'node:util'
import { expect } from 'chai'
import { currentRun } from '../../lib/core/action/ambient.ts'
import { defaultLimits } from '../../lib/core/base/options.ts'
import type { ServerFeature, ServerKit } from '../../lib/core/server/feature.ts'
import { Kind, protocolVersion, type WelcomeFrame } from '../../lib/core/wire/frames/frame.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { readHandshakeFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import {
  Action,
  ActionError,
  Client,
  type Context,
  Guard,
  MemoryNetwork,
  Server,
  type ServerOptions,
  type SessionView,
} from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { plainHello } from '../hostile/raw-peer.ts'
import { waitFor } from '../setup/wait-for.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'

class Echo extends Action {
  action(data: unknown, { session }: Context) {
    return [data, session.identity?.id]
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield i
  }
}

class Login extends Guard {
  check(credential: unknown) {
    return credential === 'nobody' ? true : { id: String(credential) }
  }
}

describe('The kit of a feature', () => {
  let network: MemoryNetwork
  const clients: Client[] = []
  const servers: Server[] = []

  beforeEach(() => {
    network = new MemoryNetwork()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    for (const server of servers.splice(0)) await server.shutdown()
  })

  function withFeature(feature: ServerFeature, options: ServerOptions = {}): { server: Server; kit: ServerKit } {
    const server = new Server({ address: 'memory:here', network, ...options })
    servers.push(server)
    let kit: ServerKit | undefined
    const { join } = server as unknown as { join(make: (given: ServerKit) => ServerFeature): void }
    join.call(server, (given) => {
      kit = given
      return feature
    })
    return { server: server.addAction(new Echo()).addAction(new Count()), kit: kit as ServerKit }
  }

  function connect(credential: string): Client {
    const client = new Client('memory:here', { network, credentials: [Login.credential(credential)] })
    clients.push(client)
    return client
  }

  it('tells whether errors are shown, which they are not unless that is asked for', () => {
    expect(withFeature({}).kit.exposeErrors).to.equal(false)
    expect(withFeature({}, { exposeErrors: false }).kit.exposeErrors).to.equal(false)
    expect(withFeature({}, { exposeErrors: true }).kit.exposeErrors).to.equal(true)
  })

  it('tells which actions are streams', () => {
    const { kit } = withFeature({})
    expect(['Count', 'Echo', 'None'].map((name) => kit.isStream(name))).to.deep.equal([true, false, false])
  })

  it('hands errors on to onError, with what failed', () => {
    const told: unknown[] = []
    const { kit } = withFeature({}, { onError: (...given) => void told.push(given) })
    const error = new Error('it failed')
    kit.report(error, 'task "x"')
    expect(told).to.deep.equal([[error, { origin: 'task "x"' }]])
  })

  it('hears once that clients are served, and of each of their sessions', async () => {
    const heard: string[] = []
    const { server, kit } = withFeature({
      onStart: () => void heard.push('start'),
      onListening: () => void heard.push('listening'),
      onSessionChange: (_session, change) => void heard.push(change),
    })
    await server.listen()
    const web = await listenWeb(server, { port: 0 })
    expect(heard).to.deep.equal(['start', 'listening'])
    await connect('ann').connect()
    expect(heard).to.deep.equal(['start', 'listening', 'opened'])
    expect(kit.sessions).to.have.lengthOf(1)
    const id = kit.sessions[0]?.id as string
    expect(kit.findSession(id)).to.equal(kit.sessions[0])
    expect(kit.findSession('another')).to.equal(undefined)
    expect(web.address).to.contain('ws://')
    await clients.pop()?.close()
    await waitFor(() => kit.sessions.length === 0)
    await server.shutdown()
    expect(heard.slice(2).filter((change) => change !== 'cut')).to.deep.equal(['opened', 'ended'])
  })

  for (const inheritContext of [undefined, false, true])
    it(`${inheritContext === true ? 'binds' : 'does not bind'} nested calls to a run with inheritContext ${inheritContext}`, async () => {
      const signals: (AbortSignal | undefined)[] = []
      class Outer extends Action {
        async action() {
          signals.push(currentRun()?.signal)
        }
      }
      const { server } = withFeature({}, inheritContext === undefined ? {} : { inheritContext })
      await server.addAction(new Outer()).listen()
      await connect('ann').runAction(Outer)
      expect(signals.map((signal) => signal !== undefined)).to.deep.equal([inheritContext === true])
    })

  for (const [who, again, other] of [
    ['ann', { id: 'ann', role: 'guest' }, { id: 'bob' }],
    ['nobody', undefined, { id: 'ann' }],
  ] as const)
    it(`says again who a client is: ${who}, and no one else`, async () => {
      const heard: string[] = []
      const { server, kit } = withFeature(
        { onSessionChange: (_session, change) => void heard.push(change) },
        { guards: [new Login()] },
      )
      await server.listen()
      await connect(who).connect()
      const session = kit.sessions[0] as (typeof kit.sessions)[number]
      const before = session.identity
      expect(before?.id).to.equal(who === 'nobody' ? undefined : who)
      kit.renewIdentity(session.id, other)
      kit.renewIdentity(session.id, who === 'ann' ? undefined : { id: 'nobody' })
      kit.renewIdentity('another session', again)
      expect(session.identity).to.equal(before)
      expect(heard).to.deep.equal(['opened'])
      kit.renewIdentity(session.id, again)
      expect(session.identity).to.equal(again)
      expect(heard).to.deep.equal(['opened', 'resumed'])
    })

  it('greets a client with the version, no features, a session of its own, and its limits', async () => {
    const { server } = withFeature({}, { limits: { maxFrameBytes: 5_000, maxCallsInFlight: 7 } })
    await server.listen()
    const link = network.dial('here')
    const bodies: Uint8Array[] = []
    const decoder = new FrameDecoder(4_096, (bytes, start, end) => bodies.push(bytes.slice(start, end)))
    link.open({ onBytes: (chunk) => decoder.push(chunk), onDrain: () => undefined, onEnd: () => undefined })
    link.write([bytesOfFrames(plainHello)])
    await waitFor(() => bodies.length > 0)
    const [body = new Uint8Array()] = bodies
    const welcome = readHandshakeFrame(body, 0, body.length, new MsgpackReader())
    const { maxInFlightBytes, streamWindowBytes } = defaultLimits
    const { id } = server.sessions[0] as SessionView
    expect(welcome).to.deep.include({
      kind: Kind.Welcome,
      version: protocolVersion,
      features: 0,
      resumed: false,
      sessionId: id,
    })
    const told = (welcome as WelcomeFrame).limits
    expect(told).to.deep.equal({ maxFrameBytes: 5_000, maxCallsInFlight: 7, maxInFlightBytes, streamWindowBytes })
    await link.close('abort')
  })

  for (const isShown of [undefined, false, true])
    it(`shows its clients errors and stacks as its options say: ${isShown}`, async () => {
      class Fail extends Action {
        action(isMeant: boolean) {
          throw isMeant ? new ActionError('for callers') : Object.assign(new Error('a fault'), { secret: 'of ours' })
        }
      }
      const options = isShown === undefined ? {} : { exposeErrors: isShown, exposeStacks: isShown }
      const { server } = withFeature({}, { onError: () => undefined, ...options })
      await server.addAction(new Fail()).listen()
      const failure = async (isMeant: boolean): Promise<Error> => {
        const outcome = await connect('ann').runAction(Fail, isMeant).outcome()
        return outcome.ok ? expect.fail('it did not fail') : (outcome.error as Error)
      }
      const [meant, fault] = [await failure(true), await failure(false)]
      expect(meant.message).to.equal('for callers')
      expect(inspect(meant).includes('Fail.action'), 'the stack').to.equal(isShown === true)
      expect(inspect(fault).includes('of ours'), 'what a fault holds').to.equal(isShown === true)
    })
})
