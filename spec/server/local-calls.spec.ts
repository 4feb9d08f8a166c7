// server.runAction: actions run by the server's own program.
import { expect } from 'chai'
import { Action, ActionError, CancelledError, type Context, Guard, Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class WhoAmI extends Action<Map<string, Date>, unknown> {
  override action(data: Map<string, Date>, { session, metadata, signal }: Context) {
    return {
      data,
      identity: session.identity,
      peer: session.peer?.description,
      metadata: { ...metadata },
      signal: signal.aborted,
    }
  }
}

class Count extends Action<number, string, number> {
  override async *action(to: number): AsyncGenerator<number, string> {
    for (let i = 0; i < to; i++) yield i
    return 'done'
  }
}

class NotToday extends ActionError {}

class Fails extends Action<undefined, never> {
  static override errors = [NotToday]
  override action(): never {
    throw new NotToday('not today')
  }
}

class Nobody extends Guard<string> {
  override check(): boolean {
    return false
  }
}

describe('an action that a server runs for its own program', () => {
  let world: World
  let work: Work
  let server: Server

  beforeEach(async () => {
    world = new World()
    work = new Work()
    server = await world.serve([new WhoAmI(), new Count(), new Fails(), work], { guards: [new Nobody()] })
  })

  afterEach(() => world.close())

  const until = <T>(promise: PromiseLike<T>): Promise<T> => world.clock.until(Promise.resolve(promise))

  it('has the identity that it is given, or none, and no guard is asked', async () => {
    const data = new Map([['now', new Date(0)]])
    const ada = { id: 'ada', roles: ['editor'] }
    const seen = { data, peer: 'this program', metadata: { a: 'b' }, signal: false }
    const asAda = server.runAction(WhoAmI, data, { identity: ada, metadata: { a: 'b' } })
    expect(await until(asAda)).to.deep.equal({ ...seen, identity: ada })
    const asNobody = server.runAction(WhoAmI, data, { metadata: { a: 'b' } })
    expect(await until(asNobody)).to.deep.equal({ ...seen, identity: undefined })
  })

  it('gets a copy of its data', async () => {
    const data = new Map([['now', new Date(0)]])
    const call = server.runAction(WhoAmI, data)
    data.clear()
    expect(((await until(call)) as { data: Map<string, Date> }).data.size).to.equal(1)
  })

  it('streams, by class and by name', async () => {
    expect(await until(itemsOf(server.runAction(Count, 3)))).to.deep.equal([0, 1, 2])
    expect(await until(server.runAction('Count', 3))).to.equal('done')
  })

  it('fails with the errors that it declares', async () => {
    expect(await until(failureOf(server.runAction(Fails)))).to.be.instanceOf(NotToday)
    expect(await until(failureOf(server.runAction('Nope')))).to.include({ code: 'UNKNOWN_ACTION' })
  })

  it('ends with its signal, and with the time that it has', async () => {
    const abort = new AbortController()
    const failed = failureOf(server.runAction(Work, 1, { signal: abort.signal }))
    await settle()
    abort.abort()
    expect(await until(failed)).to.be.instanceOf(CancelledError)
    await settle()
    expect(work.run.context.signal.aborted).to.equal(true)
    work.run.finish()
    expect(await until(failureOf(server.runAction(Work, 2, { timeoutMs: 50 })))).to.include({
      code: 'DEADLINE_EXCEEDED',
    })
    work.runs[1]?.finish()
  })

  it('leaves no session behind', async () => {
    await until(Promise.all(Array.from({ length: 20 }, () => server.runAction(Count, 1))))
    await world.clock.advance(1_000)
    expect(server.sessions).to.have.length(0)
  })

  it('runs before the server listens, and not after it has ended', async () => {
    await using quiet = new Server()
    quiet.addAction(new Count())
    expect(await quiet.runAction(Count, 2)).to.equal('done')
    await quiet.shutdown()
    expect(await failureOf(quiet.runAction(Count, 2))).to.include({ notStarted: true })
  })

  it('has at the end of the server the time that all calls have', async () => {
    const call = server.runAction(Work)
    await settle()
    const ended = server.shutdown({ graceMs: 1_000 })
    await settle()
    work.run.finish('in time')
    expect(await until(call)).to.equal('in time')
    await until(ended)
  })

  it('is refused with an identity that is none, or with credentials', async () => {
    for (const identity of ['ada', null, {}, { id: 5 }])
      expect(await failureOf(server.runAction(Count, 1, { identity: identity as never })), String(identity)).to.include(
        {
          code: 'INVALID_OPTION',
        },
      )
    const error = await failureOf(server.runAction(Count, 1, { credentials: [] } as never))
    expect(error.message).to.contain('credentials')
  })
})
