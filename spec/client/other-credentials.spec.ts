// A client that acts for several users: calls with credentials of their own, each set in a session of its own.
import { expect } from 'chai'
import { idleMs, maxCredentialSets } from '../../lib/core/client/other-credentials.ts'
import { Action, AuthError, BusyError, ClientError, type Context, Guard, type Server } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class Login extends Guard<string> {
  readonly asked: (string | undefined)[] = []

  check(name: string | undefined) {
    this.asked.push(name)
    return name === undefined || name === 'nobody' ? false : { id: name }
  }
}

class WhoAmI extends Action {
  async *action(_data: undefined, { session }: Context) {
    yield session.name
    return session.identity?.id
  }
}

const as = (name: string) => ({ credentials: [Login.credential(name)] })

describe('A call with credentials of its own', () => {
  let world: World
  let login: Login
  let work: Work
  let server: Server

  beforeEach(async () => {
    world = new World()
    login = new Login()
    work = new Work()
    server = await world.serve([new WhoAmI(), work], { guards: [login] })
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise)) as Promise<T>
  const client = (options = {}) => world.client({ ...as('app'), name: 'the app', ...options })

  it('runs as who they say, in place of the client’s own', async () => {
    const app = client()
    expect(await until(app.runAction(WhoAmI))).to.equal('app')
    expect(await until(app.runAction(WhoAmI, undefined, as('ann')))).to.equal('ann')
    const call = app.runAction(WhoAmI, undefined, as('bob'))
    expect(await until(itemsOf(call))).to.deep.equal([undefined])
    expect(await until(app.runAction(WhoAmI))).to.equal('app')
    expect(server.sessions.map(({ identity, name }) => [identity?.id, name])).to.deep.equal([
      ['app', 'the app'],
      ['ann', undefined],
      ['bob', undefined],
    ])
  })

  it('shares a session with others of the same credentials, for a while', async () => {
    const app = client()
    await until(Promise.all([1, 2, 3].map(() => app.runAction(WhoAmI, undefined, as('ann')))))
    expect(login.asked).to.deep.equal(['ann'])
    await world.clock.advance(idleMs - 1_000)
    await until(app.runAction(WhoAmI, undefined, as('ann')))
    await world.clock.advance(idleMs - 1_000)
    expect(server.sessions).to.have.length(1)
    expect(login.asked).to.deep.equal(['ann'])
    await world.clock.advance(2_000)
    expect(server.sessions).to.have.length(0)
    expect(await until(app.runAction(WhoAmI, undefined, as('ann')))).to.equal('ann')
    expect(login.asked).to.deep.equal(['ann', 'ann'])
  })

  it('keeps its session as long as it lasts', async () => {
    const app = client()
    const call = app.runAction(Work, 1, { ...as('ann'), timeoutMs: Number.POSITIVE_INFINITY })
    await world.clock.advance(10 * idleMs)
    expect(server.sessions).to.have.length(1)
    work.run.finish('done')
    expect(await until(call)).to.equal('done')
    await world.clock.advance(2 * idleMs)
    expect(server.sessions).to.have.length(0)
  })

  it('is refused by the guards as any other, and the others are not', async () => {
    const app = client()
    const error = await until(failureOf(app.runAction(WhoAmI, undefined, as('nobody'))))
    expect(error).to.be.instanceOf(AuthError).with.property('notStarted', true)
    expect(await until(app.runAction(WhoAmI))).to.equal('app')
  })

  longIt('finds a session for each of many, and says so where there are too many', async () => {
    const app = client()
    const open = Array.from({ length: maxCredentialSets }, (_, i) => app.runAction(Work, i, as(`user ${i}`)))
    const error = await until(failureOf(app.runAction(WhoAmI, undefined, as('one more'))))
    expect(error).to.be.instanceOf(BusyError).with.property('notStarted', true)
    await world.clock.advance(1)
    for (const run of work.runs) run.finish()
    await until(Promise.all(open))
    expect(await until(app.runAction(WhoAmI, undefined, as('one more')))).to.equal('one more')
    expect(server.sessions).to.have.length(maxCredentialSets)
  })

  it('ends with its client, whose grace is its too', async () => {
    const app = client()
    const [kept, lost] = [app.runAction(Work, 'kept', as('ann')), app.runAction(Work, 'lost', as('bob'))]
    const lostError = failureOf(lost)
    await world.clock.advance(1)
    const closed = app.close({ graceMs: 1_000 })
    await world.clock.advance(500)
    work.runs.find(({ data }) => data === 'kept')?.finish('done')
    expect(await until(kept)).to.equal('done')
    await until(closed)
    expect(await lostError).to.have.property('code', 'OUTCOME_UNKNOWN')
    expect(await failureOf(app.runAction(WhoAmI, undefined, as('ann')))).to.include({
      code: 'CLOSED',
      notStarted: true,
    })
    await world.clock.advance(1)
    expect(server.sessions).to.have.length(0)
  })

  it('needs credentials that are some', async () => {
    const app = client()
    for (const wrong of [undefined, 'ann', ['ann'], [null], {}]) {
      const error = await failureOf(app.runAction(WhoAmI, undefined, { credentials: wrong } as never))
      expect(error).to.be.instanceOf(ClientError).and.include({ code: 'INVALID_OPTION', notStarted: true })
      expect(error.message)
        .to.match(/credentials/)
        .and.not.match(/ann/)
    }
  })

  it('is not for a server that calls its client', async () => {
    const app = client()
    app.addAction(new WhoAmI())
    await until(app.connect())
    const [session] = server.sessions
    const error = await until(
      failureOf((session as NonNullable<typeof session>).runAction(WhoAmI, undefined, as('ann'))),
    )
    expect(error).to.include({ code: 'INVALID_OPTION', notStarted: true })
    expect(error.message).not.to.match(/ann/)
  })
})
