// What a session may: who comes back is who the guards say today, and a server can end a session for a reason.
import { expect } from 'chai'
import {
  Action,
  Channel,
  type ChannelSession,
  type Context,
  Guard,
  type Identity,
  type IsockError,
  Process,
  type ProcessContext,
  ServerError,
} from '../../lib/index.ts'
import { type Run, Work, World } from '../setup/world.ts'

class WhoAmI extends Action {
  action(_data: undefined, { session }: Context) {
    return session.identity
  }
}

class Logout extends Action {
  action(reason: string, { session }: Context) {
    session.end(reason)
    return 'bye'
  }
}

/** What the spec says that everybody is. */
class Role extends Guard {
  identity: Identity | false = { id: 'ann', role: 'admin' }

  check() {
    return this.identity
  }
}

class Secrets extends Channel<string> {
  asked = 0
  isLate = false
  /** Not before this does it decide. */
  held: Promise<void> | undefined

  override async canSubscribe(session: ChannelSession) {
    this.asked++
    const role = session.identity?.['role']
    if (this.isLate) await new Promise((resolve) => setImmediate(resolve))
    await this.held
    return role === 'admin'
  }

  override presenceOf(session: ChannelSession) {
    return { role: session.identity?.['role'] }
  }
}

class Open extends Channel<string> {
  override presenceOf(session: ChannelSession) {
    return { role: session.identity?.['role'] }
  }
}

class Clock extends Process<{ tick: number }> {
  async run({ output, signal }: ProcessContext<{ tick: number }>) {
    output.send('tick', 1)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}

describe('The rights of a session', () => {
  let world: World
  let role: Role

  beforeEach(() => {
    world = new World()
    role = new Role()
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise)) as Promise<T>

  async function when(isTrue: () => boolean): Promise<void> {
    for (let ms = 0; !isTrue(); ms++) {
      if (ms === 500) throw new Error(`waited 500 virtual ms for ${isTrue}`)
      await world.clock.advance(1)
    }
  }

  async function errorOf(promise: PromiseLike<unknown>): Promise<IsockError> {
    return until(
      promise.then(
        () => Promise.reject(new Error('it did not fail')),
        (error: IsockError) => error,
      ),
    )
  }

  describe('that is resumed', () => {
    it('are of the identity that the guards give today', async () => {
      const server = await world.serve([new WhoAmI()], { guards: [role] })
      const client = world.client({ keepConnected: true })
      expect(await until(client.runAction(WhoAmI))).to.deep.equal({ id: 'ann', role: 'admin' })
      const { sessionId } = client
      role.identity = { id: 'ann', role: 'user' }
      world.network.wire.cut()
      expect(await until(client.runAction(WhoAmI))).to.deep.equal({ id: 'ann', role: 'user' })
      expect(client.sessionId).to.equal(sessionId)
      expect(server.sessions.map(({ identity }) => identity)).to.deep.equal([{ id: 'ann', role: 'user' }])
    })

    it('are nobody else’s', async () => {
      await world.serve([new WhoAmI()], { guards: [role] })
      const client = world.client({ keepConnected: true })
      await until(client.connect())
      const { sessionId } = client
      role.identity = { id: 'bob', role: 'admin' }
      world.network.wire.cut()
      await when(() => client.sessionId !== sessionId)
      expect(await until(client.runAction(WhoAmI))).to.deep.equal({ id: 'bob', role: 'admin' })
      expect(client.sessionId).to.not.equal(sessionId)
    })

    for (const isLate of [false, true]) {
      it(`end a subscription that is not allowed any more${isLate ? ', also where the channel takes its time' : ''}`, async () => {
        const secrets = new Secrets()
        secrets.isLate = isLate
        const server = await world.serve([], { guards: [role] })
        server.addChannel(secrets).addChannel(new Open())
        const client = world.client()
        const kept = client.subscribe(Open)
        const subscription = client.subscribe(Secrets)
        const watch = client.watchPresence(Secrets)
        await until(Promise.all([kept.ready, subscription.ready, watch.ready]))
        role.identity = { id: 'ann', role: 'user' }
        world.network.wire.cut()
        for (const { done } of [subscription, watch]) {
          const error = await errorOf(done)
          expect(error).to.be.instanceOf(ServerError)
          expect(error).to.include({
            code: 'NOT_ALLOWED',
            message: 'this client may not subscribe to channel "Secrets"',
          })
        }
        expect(secrets.asked).to.equal(4)
        expect(server.channel(Secrets).presence()).to.deep.equal([])
        expect(kept.isOver).to.equal(false)
        expect(
          server
            .channel(Open)
            .presence()
            .map(({ info }) => info),
        ).to.deep.equal([{ role: 'user' }])
      })
    }

    it('let a subscription go on that is allowed, without a gap', async () => {
      const server = await world.serve([], { guards: [role] })
      const secrets = new Secrets()
      server.addChannel(secrets)
      const received: string[] = []
      const subscription = world.client().subscribe(Secrets, (message) => received.push(message))
      await until(subscription.ready)
      world.network.wire.cut()
      await until(server.publish(Secrets, 'while it was away'))
      await when(() => received.length === 1)
      expect(secrets.asked).to.equal(2)
      expect([subscription.isOver, subscription.recovered]).to.deep.equal([false, true])
    })

    it('are asked for again where the client came back while the channel thought', async () => {
      const server = await world.serve([], { guards: [role] })
      const secrets = new Secrets()
      let decide: () => void = () => undefined
      secrets.held = new Promise((resolve) => {
        decide = resolve
      })
      server.addChannel(secrets)
      const subscription = world.client().subscribe(Secrets)
      await when(() => secrets.asked === 1)
      role.identity = { id: 'ann', role: 'user' }
      world.network.wire.cut()
      await when(() => server.sessions[0]?.identity?.['role'] === 'user')
      decide()
      expect(await errorOf(subscription.done)).to.have.property('code', 'NOT_ALLOWED')
      expect(secrets.asked).to.equal(2)
    })
  })

  describe('that the server ends', () => {
    it('are over: handlers are told, calls settle, and the client learns why and stays away', async () => {
      const work = new Work()
      const server = await world.serve([work, new WhoAmI()], { guards: [role] })
      const client = world.client({ keepConnected: true })
      const call = client.runAction('Work', 1)
      await when(() => work.runs.length === 1)
      const [session] = server.sessions
      session?.end('banned')
      session?.end('again')
      expect(server.sessions).to.deep.equal([])
      const { signal } = (work.runs[0] as Run).context
      expect(signal.aborted).to.equal(true)
      expect(signal.reason).to.include({ code: 'SESSION_ENDED', message: 'the server ended this session: banned' })
      expect(signal.reason.notStarted).to.equal(false)
      // The handler does not heed its signal.
      const error = await errorOf(call)
      expect(error.code).to.equal('OUTCOME_UNKNOWN')
      expect(error.cause).to.include({ code: 'SESSION_ENDED', message: 'the server ended this session: banned' })
      work.runs[0]?.finish()
      await when(() => !client.isConnected)
      const { length } = world.network.wires
      await world.clock.advance(60_000)
      expect(world.network.wires, 'connections').to.have.length(length)
      // A new call asks the guards.
      role.identity = false
      expect((await errorOf(client.runAction(WhoAmI))).code).to.equal('UNAUTHENTICATED')
    })

    it('are all that an identity has, and those of nobody else', async () => {
      const server = await world.serve([new WhoAmI()], { guards: [role] })
      const mine = [world.client(), world.client()]
      for (const client of mine) await until(client.runAction(WhoAmI))
      role.identity = { id: 'bob' }
      const bob = world.client({ keepConnected: true })
      await until(bob.runAction(WhoAmI))
      expect(server.endSessions({ identity: 'nobody' })).to.equal(0)
      expect(server.endSessions({ identity: 'ann', reason: 'the password was changed' })).to.equal(2)
      expect(server.sessions.map(({ identity }) => identity?.id)).to.deep.equal(['bob'])
      const open = await world.serve([new WhoAmI()], {}, 'open')
      const stranger = world.client({}, 'open')
      await until(stranger.runAction(WhoAmI))
      for (const wrong of [{ identity: undefined }, {}, { identity: 5 }, { identities: ['ann'] }])
        expect(() => open.endSessions(wrong as never), JSON.stringify(wrong)).to.throw(/endSessions|identity/)
      expect(open.sessions).to.have.length(1)
    })

    it('let the handler that ends them answer', async () => {
      await world.serve([new Logout(), new WhoAmI()], { guards: [role] })
      const client = world.client()
      expect(await until(client.runAction(Logout, 'logged out'))).to.equal('bye')
      await when(() => !client.isConnected)
      const { sessionId } = client
      expect(await until(client.runAction(WhoAmI))).to.have.property('id', 'ann')
      expect(client.sessionId).to.not.equal(sessionId)
    })

    it('take no new call, and say that it has not started', async () => {
      const work = new Work()
      const server = await world.serve([work, new WhoAmI()])
      const client = world.client()
      const running = client.runAction('Work', 1)
      await when(() => work.runs.length === 1)
      server.sessions[0]?.end('banned')
      const error = await errorOf(client.runAction(WhoAmI))
      expect(error).to.include({ code: 'SESSION_ENDED', notStarted: true })
      work.runs[0]?.finish('done')
      expect(await until(running)).to.equal('done')
    })

    it('end subscriptions and listeners for good, with the reason', async () => {
      const server = await world.serve([])
      server.addChannel(new Open()).addProcess('clock', new Clock())
      const client = world.client()
      const subscription = client.subscribe(Open)
      const listening = client.onProcess(Clock)
      await until(Promise.all([subscription.ready, client.connect()]))
      const named = client.onProcess('clock')
      await until(named.ready)
      listening.stop()
      server.sessions[0]?.end('banned')
      const events = named[Symbol.asyncIterator]()
      const reading = events.next().then(() => events.next())
      for (const error of await Promise.all([errorOf(subscription.done), errorOf(reading)]))
        expect(error).to.include({ code: 'SESSION_ENDED', message: 'the server ended this session: banned' })
      await world.clock.advance(60_000)
      expect(server.sessions).to.deep.equal([])
    })

    it('cannot be resumed, also where the link was away', async () => {
      const server = await world.serve([new WhoAmI()])
      const client = world.client()
      await until(client.connect())
      const { sessionId } = client
      world.network.wire.cut()
      await when(() => !client.isConnected)
      server.sessions[0]?.end()
      await until(client.runAction(WhoAmI))
      expect(client.sessionId).to.not.equal(sessionId)
      expect(server.sessions).to.have.length(1)
    })

    it('are waited for by the end of the server', async () => {
      const work = new Work()
      const server = await world.serve([work])
      const client = world.client()
      const call = client.runAction('Work', 1)
      await when(() => work.runs.length === 1)
      server.sessions[0]?.end('banned')
      const [error] = await Promise.all([errorOf(call), until(server.shutdown())])
      expect(error.message).to.contain('banned')
      work.runs[0]?.finish()
    })

    it('are ended for a reason that is a text', async () => {
      const server = await world.serve([])
      await until(world.client().connect())
      expect(() => server.sessions[0]?.end(5 as never)).to.throw('option reason')
    })
  })
})
