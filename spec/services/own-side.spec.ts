// A service as its server's own program uses it: the phases and turns of clients, and what is different without one.
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import { z } from 'zod'
import {
  BusyError,
  type Client,
  DeadlineError,
  type Server,
  ServerError,
  Service,
  type ServiceContext,
  type ServiceHandle,
  ValidationError,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'
import { Held } from './held-service.ts'

class Account extends Service<number, number, string> {
  static override schemas = { exec: z.number() }
  context: ServiceContext<number> | undefined

  override init(start: number): number {
    return start
  }

  override async exec(balance: number, change: number, context: ServiceContext<number>): Promise<number> {
    this.context = context
    await context.respond(balance + change)
    await context.respond(change)
    if (balance + change < 0) throw new RangeError('overdrawn')
    return balance + change
  }

  override async exit(balance: number, word: string, { respond }: ServiceContext<string>): Promise<void> {
    await respond(`${word} ${balance}`)
  }
}

class Unknown extends Service {
  override init(): void {}
  override exec(): void {}
}

describe("A service on its server's side", () => {
  let world: World
  let server: Server
  let client: Client
  let account: Account
  let held: Held
  const reported: string[] = []

  beforeEach(async () => {
    world = new World()
    reported.length = 0
    server = await world.serve([], {
      onError: (error, { origin }) => void reported.push(`${origin}: ${String(error)}`),
    })
    account = new Account()
    held = new Held()
    server.addService(account).addService(held, { maxQueued: 2 })
    client = world.client()
    await client.connect()
  })

  afterEach(async () => {
    for (const run of held.runs) run.finish()
    await settle()
    for (const run of held.runs) run.finish()
    await world.close()
  })

  it('is initialized, worked on and terminated, and clients see the same state', async () => {
    const own = server.service(Account)
    expect(own.phase).to.equal('new')
    expect(await own.initialize(5)).to.equal(undefined)
    expect([own.name, own.phase]).to.deep.equal(['Account', 'initialized'])
    expect(await client.service(Account).execute(1, { awaitResponse: true })).to.equal(6)
    expect(await own.execute(2, { awaitResponse: true })).to.equal(8)
    await client.service(Account).execute(2)
    expect(await own.terminate('ended at', { awaitResponse: true })).to.equal('ended at 10')
    expect(own.phase).to.equal('terminated')
    expect((await failureOf(client.service(Account).execute(1)))['code']).to.equal('TERMINATED')
  })

  it('refuses what clients are refused, with the same errors', async () => {
    const own = server.service(Account)
    expect((await failureOf(own.execute(1)))['code']).to.equal('NOT_INITIALIZED')
    await own.initialize(1)
    const again = await failureOf(client.service(Account).initialize(2))
    const here = await failureOf(own.initialize(2))
    expect(here).to.be.instanceOf(ServerError)
    expect([here.message, here['code']]).to.deep.equal([again.message, 'ALREADY_INITIALIZED'])
    expect(await failureOf(own.execute('1' as never))).to.be.instanceOf(ValidationError)
    expect((await failureOf(own.execute(-2))).message).to.equal('overdrawn')
    expect(() => server.service(Unknown)).to.throw(ServerError, 'unknown service "Unknown"')
    expect(() => server.service(new Account() as never)).to.throw(ServerError, 'service() needs a Service class')
    for (const wrong of [{ timeoutMs: -1 }, { awaitResponse: 'yes' }, { signal: 1 }, { awaitResponce: true }])
      expect((await failureOf(own.execute(1, wrong as never)))['code']).to.equal('INVALID_OPTION')
  })

  it('takes its turn among clients, and finds a full queue as they do', async () => {
    const [own, theirs] = [server.service(Held), client.service(Held)]
    await own.initialize('0')
    const all = [theirs.execute('a'), settle().then(() => own.execute('b'))]
    await settle()
    await settle()
    all.push(theirs.execute('c'))
    await settle()
    expect(own.queuedCount).to.equal(2)
    expect(await failureOf(own.execute('d'))).to.be.instanceOf(BusyError)
    for (const index of [0, 1, 2]) {
      expect(held.started).to.deep.equal(['a', 'b', 'c'].slice(0, index + 1))
      held.run(index).finish()
      await settle()
    }
    await Promise.all(all)
  })

  it('is given up by a signal or a time limit: what waits never runs, and the signal of what runs aborts', async () => {
    const own = server.service(Held)
    await own.initialize('0')
    const reason = new Error('not needed any more')
    const leaving = new AbortController()
    const running = failureOf(own.execute('a', { signal: leaving.signal }))
    const waiting = failureOf(own.execute('b', { timeoutMs: 100 }))
    await world.clock.advance(100)
    expect(await waiting).to.be.instanceOf(DeadlineError)
    leaving.abort(reason)
    expect(await running).to.equal(reason)
    expect(held.run(0).context.signal.aborted).to.equal(true)
    held.run(0).fail(new RangeError('later'))
    await settle()
    expect(held.started).to.deep.equal(['a'])
    expect(reported).to.deep.equal(['service "Held": exec: RangeError: later'])
  })

  it('gives all responses to a loop, and the error after them', async () => {
    const own = server.service(Account)
    await own.initialize(1)
    const values: number[] = []
    const read = async (change: number): Promise<void> => {
      for await (const value of own.responses(change)) values.push(value)
    }
    await read(2)
    expect((await failureOf(read(-9))).message).to.equal('overdrawn')
    expect(values).to.deep.equal([3, 2, -6, -9])
    for await (const value of own.responses(1)) {
      expect(value).to.equal(4)
      break
    }
    expect(account.context?.signal.aborted).to.equal(true)
  })

  it('rejects when a response is waited for that does not come', async () => {
    const own = server.service(Held)
    await own.initialize('0')
    const none = failureOf(own.execute('a', { awaitResponse: true }))
    await settle()
    held.run(0).finish()
    expect((await none)['code']).to.equal('NO_RESPONSE')
    const late = failureOf(own.execute('b', { awaitResponse: 50 }))
    await world.clock.advance(50)
    expect(await late).to.be.instanceOf(DeadlineError)
    expect(held.run(1).context.signal.aborted).to.equal(true)
  })

  it('has a context without a client', async () => {
    await server.service(Account).initialize(1)
    await server.service(Account).execute(1)
    const context = account.context as ServiceContext
    expect([context.callId, context.attempt, context.remainingMs]).to.deep.equal([0, 1, Number.POSITIVE_INFINITY])
    expect(context.server.addresses).to.deep.equal(server.addresses)
    expect(() => context.session).to.throw(ServerError, 'context.session: the server itself started this run')
    expect(() => context.client).to.throw(ServerError, 'context.client: the server itself started this run')
  })

  it('can be terminated while the server shuts down, and the signal of a run that does not end aborts after the grace', async () => {
    const own = server.service(Held)
    await own.initialize('0')
    const running = failureOf(own.execute('a'))
    await settle()
    const over = server.shutdown({ graceMs: 1_000 })
    await world.clock.advance(999)
    expect(held.run(0).context.signal.aborted).to.equal(false)
    await world.clock.advance(1)
    expect(held.run(0).context.signal.aborted).to.equal(true)
    expect((await running)['code']).to.equal('SHUTTING_DOWN')
    await world.clock.until(over)
  })

  it('is typed by its class', () => {
    const types = (of: Server): void => {
      const own = of.service(Account)
      expectTypeOf(own).toEqualTypeOf<ServiceHandle<Account>>()
      expectTypeOf(own.initialize(1)).toEqualTypeOf<Promise<void>>()
      expectTypeOf(own.execute(1, { awaitResponse: true })).toEqualTypeOf<Promise<number>>()
      expectTypeOf(own.terminate('', { awaitResponse: 5 })).toEqualTypeOf<Promise<string>>()
      expectTypeOf(own.responses(1)).toEqualTypeOf<AsyncGenerator<number, void, undefined>>()
      // @ts-expect-error: exec takes a number
      void own.execute('1')
      // @ts-expect-error: init needs its number
      void own.initialize()
      // @ts-expect-error: a receipt is for clients
      void own.execute(1, { confirm: 'receipt' })
    }
    expectTypeOf(types).toBeFunction()
  })
})
