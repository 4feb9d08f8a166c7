// What a run sees: its session, its server, its client, and how it emits.
import { expect } from 'chai'
import {
  Action,
  ActionError,
  CancelledError,
  type Client,
  type Context,
  type Logger,
  RemoteError,
} from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class OutOfPaper extends ActionError {
  readonly tray: number

  constructor(tray: number) {
    super(`tray ${tray} is empty`)
    this.tray = tray
  }
}

class Print extends Action<number, string> {
  static override errors = [OutOfPaper]
}

class PrintAll extends Action {
  async action(pages: number, { client }: Context) {
    const printed: string[] = []
    for (let i = 1; i <= pages; i++) printed.push(await client.runAction(Print, i))
    return printed
  }
}

class Visits extends Action {
  action(_data: undefined, { session }: Context) {
    const visits = ((session.state.get('visits') as number | undefined) ?? 0) + 1
    session.state.set('visits', visits)
    return visits
  }
}

class Emit extends Action {
  async action(count: number, { emit }: Context<number>) {
    for (let i = 0; i < count; i++) await emit(i)
    return 'emitted'
  }
}

class Describe extends Action {
  action(_data: undefined, { session, server, attempt, callId }: Context) {
    const { id, identity, peer, isConnected } = session
    const { addresses, actionNames, isShuttingDown } = server
    return {
      id,
      identity,
      transport: peer?.transport,
      isConnected,
      addresses,
      actionNames,
      isShuttingDown,
      attempt,
      callId,
    }
  }
}

describe('the context of a run', () => {
  it('describes session and server', async () => {
    await using harness = await createHarness({ actions: [new Describe()] })
    const call = harness.client.runAction(Describe)
    expect(await call).to.deep.equal({
      id: harness.client.sessionId,
      identity: undefined,
      transport: 'memory',
      isConnected: true,
      addresses: [harness.address],
      actionNames: ['Describe'],
      isShuttingDown: false,
      attempt: 1,
      callId: call.id,
    })
    expect(harness.client.sessionId).to.match(/^[0-9a-f]{32}$/)
  })

  it('has a state for each session', async () => {
    await using harness = await createHarness({ actions: [new Visits()] })
    const other = await harness.connect()
    const counts = [await harness.client.runAction(Visits), await harness.client.runAction(Visits)]
    expect([...counts, await other.runAction(Visits)]).to.deep.equal([1, 2, 1])
  })

  it('has a state on a client too', async () => {
    class CallVisits extends Action {
      async action(_data: undefined, { client }: Context) {
        return [await client.runAction(Visits), await client.runAction(Visits)]
      }
    }
    await using harness = await createHarness({ actions: [new CallVisits()] })
    harness.client.addAction(new Visits())
    expect(await harness.client.runAction(CallVisits)).to.deep.equal([1, 2])
  })

  it('emits items beside a result', async () => {
    await using harness = await createHarness({ actions: [new Emit()] })
    const call = harness.client.runAction(Emit, 700)
    expect(await itemsOf(call)).to.have.length(700)
    expect(await call).to.equal('emitted')
  })

  it('says the reason to who emits after the end', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work])
    const call = world.client().runAction(Work)
    await settle()
    call.cancel()
    await failureOf(call)
    await settle()
    const emit = work.run.context.emit as (item: unknown) => Promise<void>
    expect(await failureOf(emit(1))).to.be.instanceOf(CancelledError)
    work.run.finish()
    await world.close()
  })

  it('runs actions that the client registered', async () => {
    await using harness = await createHarness({ actions: [new PrintAll()] })
    harness.client.addAction(Print, (page: number) => `page ${page}`)
    expect(harness.client.hasAction(Print)).to.equal(true)
    expect(await harness.client.runAction(PrintAll, 3)).to.deep.equal(['page 1', 'page 2', 'page 3'])
    expect(harness.client.removeAction(Print)).to.equal(true)
    const error = await failureOf(harness.client.runAction(PrintAll, 1))
    expect(error).to.include({ code: 'UNKNOWN_ACTION', notStarted: false })
  })

  it('gets the errors of the client, and may let them through', async () => {
    let seen: unknown
    class PrintOne extends Action {
      static override errors = [OutOfPaper]

      async action(page: number, { client }: Context) {
        try {
          return await client.runAction(Print, page)
        } catch (error) {
          seen = error
          throw error
        }
      }
    }
    await using harness = await createHarness({ actions: [new PrintOne()] })
    harness.client.addAction(Print, (page: number) => {
      throw page === 1 ? new OutOfPaper(4) : 'jammed'
    })
    const error = await failureOf(harness.client.runAction(PrintOne, 1))
    expect(seen).to.be.instanceOf(OutOfPaper)
    expect(error).to.be.instanceOf(OutOfPaper).and.include({ tray: 4 })
    expect(error).to.not.equal(seen)
    expect(await failureOf(harness.client.runAction(PrintOne, 2))).to.equal('jammed')
  })

  it('streams from the client', async () => {
    class Tail extends Action {
      async action(_data: undefined, { client }: Context) {
        return itemsOf(client.runAction<void, number>('lines'))
      }
    }
    await using harness = await createHarness({ actions: [new Tail()] })
    harness.client.addActions({
      lines: async function* () {
        for (let i = 0; i < 500; i++) yield i
      },
    })
    expect(await harness.client.runAction(Tail)).to.have.length(500)
  })

  it('has no server on a client, and says so', async () => {
    await using harness = await createHarness({ actions: [new PrintAll()] })
    harness.client.addAction(Print, (_page: number, context: Context) => context.server.addresses.join())
    const error = await failureOf(harness.client.runAction(PrintAll, 1))
    expect(error.message).to.match(/there is no context\.server here/)
  })

  it('logs with action, call and session', async () => {
    const lines: [object, string][] = []
    const log = (fields: object, message: string): void => void lines.push([fields, message])
    const logger: Logger = { debug: log, info: log, warn: log, error: log }
    await using harness = await createHarness({ server: { log: logger } })
    harness.server.addActions({ greet: (_data: undefined, context) => context.log.info({ extra: 1 }, 'hello') })
    const call = harness.client.runAction('greet')
    await call
    const line = lines.find(([, message]) => message === 'hello')
    expect(line?.[0]).to.deep.equal({ action: 'greet', call: call.id, session: harness.client.sessionId, extra: 1 })
  })

  it('keeps clients apart: an action runs back at the one that called', async () => {
    class WhoAmI extends Action {
      action(_data: undefined, { client }: Context) {
        return client.runAction<string>('name')
      }
    }
    await using harness = await createHarness({ actions: [new WhoAmI()] })
    const other: Client = await harness.connect()
    harness.client.addActions({ name: () => 'first' })
    other.addActions({ name: () => 'second' })
    expect(await Promise.all([harness.client.runAction(WhoAmI), other.runAction(WhoAmI)])).to.deep.equal([
      'first',
      'second',
    ])
  })

  it('lets an error of another client class through as a RemoteError', async () => {
    class Unshared extends Error {
      readonly code = 'E_UNSHARED'
    }
    await using harness = await createHarness({ actions: [new PrintAll()] })
    harness.client.addAction(Print, () => {
      throw new Unshared('only here')
    })
    const error = await failureOf(harness.client.runAction(PrintAll, 1))
    expect(error).to.be.instanceOf(RemoteError).and.include({
      name: 'Unshared',
      code: 'E_UNSHARED',
      message: 'only here (class Unshared is not in static errors of Print)',
    })
  })
})
