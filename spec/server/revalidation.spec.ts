// Guards that want to be asked again about sessions that stand: who may stay, as whom, and what a guard that fails means.
import { expect } from 'chai'
import {
  Action,
  AuthError,
  Channel,
  type ChannelSession,
  type Client,
  ClientError,
  type Context,
  Guard,
  type Identity,
  type IsockError,
  Server,
} from '../../lib/index.ts'
import { World } from '../setup/world.ts'

class WhoAmI extends Action {
  action(_data: undefined, { session }: Context) {
    return session.identity
  }
}

type Verdict = boolean | Identity

/** Says what the spec says, and writes down what it was asked. */
class Login extends Guard<string> {
  override revalidateEveryMs: number | undefined = 60_000
  says: () => Verdict | Promise<Verdict> = () => ({ id: 'ann', role: 'admin' })
  readonly asked: unknown[] = []

  check(credential: string | undefined) {
    this.asked.push(credential)
    return this.says()
  }
}

/** A code that is good for once. */
class OneTimeCode extends Guard<string> {
  asked = 0

  check() {
    return ++this.asked === 1
  }
}

class Secrets extends Channel<string> {
  override canSubscribe(session: ChannelSession) {
    return session.identity?.['role'] === 'admin'
  }
}

describe('A guard that wants to be asked again', () => {
  let world: World
  let login: Login
  let code: OneTimeCode
  let logged: string[]
  let server: Server

  beforeEach(() => {
    world = new World()
    login = new Login()
    code = new OneTimeCode()
    logged = []
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise)) as Promise<T>
  const minutes = (count: number): Promise<void> => world.clock.advance(count * 60_000 + 1)

  async function enter(): Promise<Client> {
    const nothing = (): void => undefined
    const log = { debug: nothing, info: nothing, warn: nothing, error: (_: object, text: string) => logged.push(text) }
    server = await world.serve([new WhoAmI()], { guards: [login, code], log })
    const client = world.client({ keepConnected: true, credentials: [Login.credential('secret')] })
    await until(client.connect())
    return client
  }

  /** Why the session of a client ended, which comes at once. */
  async function endOf(client: Client): Promise<IsockError> {
    const left = new Promise<IsockError>((resolve) => client.on('disconnect', ({ reason }) => resolve(reason)))
    await minutes(2)
    return until(left)
  }

  it('gets the same credential, and one that does not want to is not asked', async () => {
    const client = await enter()
    await minutes(3)
    expect(login.asked).to.deep.equal(['secret', 'secret', 'secret', 'secret'])
    expect(code.asked).to.equal(1)
    expect(await until(client.runAction(WhoAmI))).to.deep.equal({ id: 'ann', role: 'admin' })
  })

  for (const [how, says, reason] of [
    ['says no', () => false, /accepted any more: this server did not accept the credentials$/],
    ['says no later', async () => false, /accepted any more: this server did not accept the credentials$/],
    ['says why not', () => Promise.reject(new AuthError('ann has left')), /accepted any more: ann has left$/],
    ['names somebody else', () => ({ id: 'bob' }), /its credentials now belong to another identity$/],
  ] as const)
    it(`ends the session when it ${how}`, async () => {
      const client = await enter()
      login.says = says
      const reasonGiven = await endOf(client)
      expect(reasonGiven).to.have.property('code', 'SESSION_ENDED')
      expect(reasonGiven.message).to.match(reason)
      expect(server.sessions).to.deep.equal([])
      const count = login.asked.length
      await minutes(5)
      expect(login.asked).to.have.length(count)
    })

  it('says who the client is today, and channels hear of it when something has changed', async () => {
    const client = await enter()
    server.addChannel(new Secrets())
    const changes: string[] = []
    server.on('session', ({ change }) => changes.push(change))
    const subscription = client.subscribe(Secrets)
    await until(subscription.ready)
    await minutes(2)
    expect(changes).to.deep.equal([])
    login.says = () => ({ id: 'ann', role: 'user' })
    await minutes(1)
    expect(await until(client.runAction(WhoAmI))).to.deep.equal({ id: 'ann', role: 'user' })
    expect(changes).to.deep.equal(['resumed'])
    await subscription.done.then(
      () => expect.fail('it is not to hear any more'),
      (error) => expect(error).to.have.property('code', 'NOT_ALLOWED'),
    )
  })

  it('that fails for a while is asked sooner, and the session stays', async () => {
    const client = await enter()
    login.says = () => Promise.reject(new Error('the database is away'))
    await minutes(1)
    expect(logged).to.deep.equal(['a guard failed'])
    await world.clock.advance(15_000)
    expect(login.asked).to.have.length(3)
    login.says = () => ({ id: 'ann', role: 'user' })
    await world.clock.advance(15_000)
    expect(await until(client.runAction(WhoAmI))).to.deep.equal({ id: 'ann', role: 'user' })
    await minutes(1)
    expect(login.asked).to.have.length(5)
  })

  for (const [how, says] of [
    ['fails', () => Promise.reject(new Error('the database is away'))],
    ['does not answer', () => new Promise<boolean>(() => undefined)],
  ] as const)
    it(`counts as a no when it ${how} for twice its time`, async () => {
      const client = await enter()
      login.says = says
      await world.clock.advance(110_000)
      expect(server.sessions).to.have.length(1)
      expect((await endOf(client)).code).to.equal('SESSION_ENDED')
      expect(server.sessions).to.deep.equal([])
    })

  it('is asked by a client that comes back, and from then on again', async () => {
    const client = await enter()
    code.asked = 0
    await world.clock.advance(30_000)
    world.network.wire.cut()
    await world.clock.advance(20_000)
    expect(client.isConnected).to.equal(true)
    expect(login.asked).to.have.length(2)
    await world.clock.advance(30_000)
    expect(login.asked).to.have.length(2)
    await minutes(1)
    expect(login.asked).to.have.length(3)
  })

  it('is asked about many sessions, not about all at once', async () => {
    await enter()
    let open = 0
    let most = 0
    const answers: (() => void)[] = []
    login.revalidateEveryMs = undefined
    code.check = () => true
    await until(
      Promise.all(Array.from({ length: 99 }, () => world.client({ credentials: [Login.credential('x')] }).connect())),
    )
    login.asked.length = 0
    login.says = () =>
      new Promise((resolve) => {
        most = Math.max(most, ++open)
        answers.push(() => {
          open--
          resolve({ id: 'ann', role: 'admin' })
        })
      })
    await minutes(1)
    for (let round = 0; answers.length > 0 && round < 9; round++) {
      for (const answer of answers.splice(0)) answer()
      await world.clock.advance(1)
    }
    expect([login.asked.length, most]).to.deep.equal([100, 64])
    expect(server.sessions).to.have.length(100)
  })

  for (const wrong of [0, -1, Number.NaN, 2 ** 31, '60s'])
    it(`has to name a time: not ${wrong}`, () => {
      login.revalidateEveryMs = wrong as never
      expect(() => new Server({ port: 0, guards: [login] }))
        .to.throw(ClientError)
        .with.property('message')
        .that.matches(/revalidateEveryMs of guard Login/)
    })
})
