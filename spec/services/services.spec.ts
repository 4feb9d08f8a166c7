// What a service promises its clients: its phases, its state, its responses and its errors.
import { expect } from 'chai'
import { z } from 'zod'
import {
  ActionError,
  CancelledError,
  type Client,
  ClientError,
  DeadlineError,
  type Server,
  ServerError,
  Service,
  type ServiceContext,
  UnsendableError,
  ValidationError,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, World } from '../setup/world.ts'
import { Held } from './held-service.ts'

class Overdrawn extends ActionError {
  readonly by: number

  constructor(by: number) {
    super(`overdrawn by ${by}`)
    this.by = by
  }
}

class Account extends Service<number, number> {
  static override errors = [Overdrawn]
  static override schemas = { exec: z.number() }
  left: ServiceContext<number> | undefined

  override init(start: number): number {
    if (start < 0) throw new Overdrawn(-start)
    return start
  }

  override async exec(balance: number, change: number, context: ServiceContext<number>): Promise<number> {
    this.left = context
    await context.respond(balance + change)
    if (balance + change < 0) throw new Overdrawn(-balance - change)
    return balance + change
  }

  override exit(): void {
    throw new RangeError('the exit failed')
  }
}

/** Responds as it is told: each of these values. */
class Speaker extends Service<null, unknown[]> {
  override init(): null {
    return null
  }

  override async exec(_state: null, values: unknown[], { respond }: ServiceContext): Promise<null> {
    for (const value of values) await respond(value)
    return null
  }
}

/** The last state, for who looks from outside. */
class Mute extends Service<string> {
  override init(): string {
    return 'secret'
  }

  override exec(): string {
    return 'secret'
  }
}

class Unknown extends Service {
  override init(): void {}
  override exec(): void {}
}

describe('A service', () => {
  let world: World
  let server: Server
  let client: Client
  let account: Account
  let held: Held
  const thrown: unknown[] = []

  beforeEach(async () => {
    world = new World()
    thrown.length = 0
    server = await world.serve([], { onError: (error) => void thrown.push(error) })
    account = new Account()
    held = new Held()
    for (const service of [account, held]) server.addService(service)
    for (const service of [Speaker, Mute]) server.addService(service)
    client = world.client()
    await client.connect()
  })

  afterEach(() => world.close())

  describe('has phases', () => {
    it('execute before initialize is refused, and says what to do', async () => {
      const error = await failureOf(client.service(Account).execute(1))
      expect(error).to.be.instanceOf(ServerError)
      expect(error).to.include({ code: 'NOT_INITIALIZED', notStarted: true })
      expect(error.message).to.equal('service "Account" is not initialized; call initialize() first')
    })

    it('terminate before initialize likewise', async () => {
      expect((await failureOf(client.service(Account).terminate()))['code']).to.equal('NOT_INITIALIZED')
    })

    it('a second initialize is refused, also by another client, and leaves the state', async () => {
      await client.service(Account).initialize(5)
      const other = world.client().service(Account)
      for (const again of [client.service(Account), other]) {
        const error = await failureOf(again.initialize(7))
        expect(error['code']).to.equal('ALREADY_INITIALIZED')
        expect(error.message).to.equal('service "Account" is already initialized')
      }
      expect(await other.execute(1, { awaitResponse: true })).to.equal(6)
    })

    it('initialize that threw can be said again', async () => {
      const error = await failureOf(client.service(Account).initialize(-2))
      expect(error).to.be.instanceOf(Overdrawn)
      expect(error['by']).to.equal(2)
      await client.service(Account).initialize(2)
    })

    it('what follows initialize at once waits for it', async () => {
      const service = client.service(Account)
      const results = await Promise.allSettled([service.initialize(1), service.execute(2), service.initialize(3)])
      expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected'])
    })

    it('after terminate everything is refused, also where exit threw', async () => {
      const service = client.service(Account)
      await service.initialize(1)
      expect((await failureOf(service.terminate())).message).to.equal('the exit failed')
      for (const late of [service.execute(1), service.terminate(), service.initialize(1)]) {
        const error = await failureOf(late)
        expect(error['code']).to.equal('TERMINATED')
        expect(error.message).to.equal('service "Account" was terminated and cannot be used any more')
      }
    })
  })

  describe('has a state', () => {
    it('that is the next exec’s input', async () => {
      const service = client.service(Account)
      await service.initialize(0)
      for (const change of [1, 2, 3]) await service.execute(change)
      expect(await service.execute(4, { awaitResponse: true })).to.equal(10)
    })

    it('that stays as it was when exec throws; the error arrives as its class', async () => {
      const service = client.service(Account)
      await service.initialize(5)
      const error = await failureOf(service.execute(-8))
      expect(error).to.be.instanceOf(Overdrawn)
      expect(error['by']).to.equal(3)
      expect(await service.execute(0, { awaitResponse: true })).to.equal(5)
      expect(thrown).to.have.length(1)
    })

    it('that never leaves the server by itself', async () => {
      const service = client.service(Mute)
      for (const given of [await service.initialize(), await service.execute(), await service.terminate()])
        expect(given).to.equal(undefined)
      expect(await itemsOf(client.runAction('isock.actions'))).to.deep.equal([])
    })
  })

  describe('responds', () => {
    beforeEach(() => client.service(Speaker).initialize())

    it('with rich values, the first of which is awaited', async () => {
      const value = { at: new Date(0), tags: new Set(['a']), big: 12n, bytes: new Uint8Array([1]) }
      expect(await client.service(Speaker).execute([value, 2], { awaitResponse: true })).to.deep.equal(value)
      for (const falsy of [0, '', false, null, undefined])
        expect(await client.service(Speaker).execute([falsy], { awaitResponse: true })).to.equal(falsy)
    })

    it('as often as it likes', async () => {
      expect(await itemsOf(client.service(Speaker).responses([1, 2, 3]))).to.deep.equal([1, 2, 3])
    })

    it('more than a stream holds, to a client that waits for the first only', async () => {
      const values = Array.from({ length: 1_000 }, (_, i) => `${i}`.padEnd(1_000))
      const service = client.service(Speaker)
      expect(await service.execute(values, { awaitResponse: true })).to.equal(values[0])
      expect(await service.execute(['next'], { awaitResponse: true })).to.equal('next')
    })

    it('not at all: who awaits a response is told when exec has run', async () => {
      const error = await failureOf(client.service(Speaker).execute([], { awaitResponse: true }))
      expect(error['code']).to.equal('NO_RESPONSE')
      expect(error.message).to.equal(
        'service "Speaker": exec ended without a response; its service sends one with context.respond()',
      )
    })

    it('not with what cannot travel: exec is told, and the client', async () => {
      const hold = client.service(Held)
      await hold.initialize('')
      const call = hold.execute('a')
      await settle()
      const refusal = await failureOf(held.run(0).context.respond(() => 1))
      expect(refusal).to.be.instanceOf(UnsendableError)
      held.run(0).fail(refusal)
      expect(await failureOf(call)).to.be.instanceOf(UnsendableError)
    })

    it('not after it has ended', async () => {
      const service = client.service(Account)
      await service.initialize(1)
      await service.execute(1)
      const error = await failureOf(account.left?.respond(1) as Promise<void>)
      expect(error['code']).to.equal('INVALID_USAGE')
      expect(error.message).to.contain('service "Account": exec has ended')
    })

    for (const [awaitResponse, afterMs] of [
      [true, 60_000],
      [250, 250],
      [1, 1],
    ] as const) {
      it(`within ${afterMs} ms, or the call fails and its exec is told`, async () => {
        const hold = client.service(Held)
        await hold.initialize('')
        const failure = failureOf(hold.execute('slow', { awaitResponse, timeoutMs: 600_000 }))
        await world.clock.advance(afterMs - 1)
        expect(held.run(0).context.signal.aborted).to.equal(false)
        await world.clock.advance(2)
        expect(await failure).to.be.instanceOf(DeadlineError)
        expect((await failure).message).to.equal(`service "Held": exec sent no response within ${afterMs} ms`)
        expect(held.run(0).context.signal.aborted).to.equal(true)
        held.run(0).finish()
        await settle()
      })
    }

    it('not, and is named by the method that did not', async () => {
      const hold = client.service(Held)
      const init = await failureOf(hold.initialize('', { awaitResponse: true }))
      expect(init.message).to.contain('service "Held": init ended without a response')
      const exit = await failureOf(hold.terminate(undefined, { awaitResponse: true }))
      expect(exit.message).to.contain('service "Held": exit ended without a response')
    })

    it('before its deadline and works on after it: nothing is cancelled', async () => {
      const hold = client.service(Held)
      await hold.initialize('')
      const first = hold.execute('a', { awaitResponse: 100, timeoutMs: 600_000 })
      await settle()
      await held.run(0).context.respond('here')
      expect(await first).to.equal('here')
      await world.clock.advance(1_000)
      expect(held.run(0).context.signal.aborted).to.equal(false)
      held.run(0).finish('kept')
      const second = hold.execute('b')
      await settle()
      expect(held.run(1).state).to.equal('kept')
      held.run(1).finish()
      await second
    })
  })

  it('sees what an action sees', async () => {
    const service = client.service(Held)
    await service.initialize('')
    const call = service.execute('a', { timeoutMs: 5_000 })
    await settle()
    const { context } = held.run(0)
    expect(context.session.id).to.equal(client.sessionId)
    expect(context.remainingMs).to.be.within(4_000, 5_000)
    expect(context.deadline).to.be.instanceOf(Date)
    expect(context.signal.aborted).to.equal(false)
    expect(context.attempt).to.equal(1)
    expect(context.callId).to.be.a('number')
    expect(context.server.actionNames).to.deep.equal([])
    expect(context.log).to.have.property('info')
    expect(context.publish).to.be.a('function')
    expect(context.client.runAction).to.be.a('function')
    expect(context.emit).to.equal(context.respond)
    held.run(0).finish()
    await call
  })

  it('checks arguments by its schemas', async () => {
    await client.service(Account).initialize(1)
    const error = await failureOf(client.service(Account).execute('1' as never))
    expect(error).to.be.instanceOf(ValidationError)
    expect(error.message).to.contain('input of service "Account": exec is not valid')
  })

  it('that the server was not given cannot be named', async () => {
    const error = await failureOf(client.service(Unknown).initialize())
    expect(error).to.include({ code: 'UNKNOWN_SERVICE', notStarted: true })
    const near = await failureOf(client.runAction('isock.services.execute', { service: 'Acount' }))
    expect(near.message).to.equal('unknown service "Acount"; did you mean "Account"?')
  })

  it('ends the server only where it is allowed to', async () => {
    const service = client.service(Held)
    await service.initialize('')
    const error = await failureOf(service.terminate(undefined, { shutdown: true }))
    expect(error['code']).to.equal('NOT_ALLOWED')
    expect(error.message).to.contain('addService(..., { allowShutdown: true })')
    expect(held.exits).to.equal(0)
    await service.terminate(undefined, { shutdown: false })
    expect(held.exits).to.equal(1)
    expect(server.isShuttingDown).to.equal(false)
  })

  it('checks its arguments by schemas that answer later', async () => {
    class Late extends Service<number, number> {
      static override schemas = {
        init: z.number().transform(async (value) => value * 10),
        exec: z.number().refine(async (value) => value > 0),
      }

      readonly seen: unknown[] = []

      init(first: number): number {
        this.seen.push(first)
        return first
      }

      exec(state: number, by: number): number {
        this.seen.push(by)
        return state + by
      }

      exit(): void {}
    }
    const late = new Late()
    server.addService(late)
    await client.service(Late).initialize(2)
    await client.service(Late).execute(3)
    expect(await failureOf(client.service(Late).execute(-3))).to.include({ code: 'INVALID_INPUT' })
    expect(late.seen).to.deep.equal([20, 3])
  })

  it('gives and takes instances of the classes that it declares, at both ends', async () => {
    class Point {
      readonly x: number
      constructor(x: number) {
        this.x = x
      }
    }
    class Points extends Service<Point, Point> {
      static override classes = [Point]
      readonly given: unknown[] = []

      init(first: Point): Point {
        this.given.push(first)
        return first
      }

      async exec(state: Point, by: Point, { respond }: ServiceContext<Point>): Promise<Point> {
        this.given.push(by)
        const sum = new Point(state.x + by.x)
        await respond(sum)
        return sum
      }
    }
    const points = new Points()
    server.addService(points)
    const service = world.client().service(Points)
    await service.initialize(new Point(1))
    const sum = await service.execute(new Point(2), { awaitResponse: true })
    expect(sum).to.be.instanceOf(Point).and.deep.equal(new Point(3))
    for (const point of points.given) expect(point).to.be.instanceOf(Point)
    expect(points.given).to.deep.equal([new Point(1), new Point(2)])
  })

  it('has a name of at most 512 characters', async () => {
    class Long extends Held {
      static override serviceName = 'a'.repeat(512)
    }
    class TooLong extends Held {
      static override serviceName = 'a'.repeat(513)
    }
    server.addService(new Long())
    await client.service(Long).initialize('')
    const wrong = "a service's name is a text of 1 to 512 characters, got a string of 513 characters"
    expect(() => server.addService(new TooLong())).to.throw(ServerError, wrong)
    expect(() => client.service(TooLong)).to.throw(ServerError, wrong)
    const unknown = await failureOf(client.runAction('isock.services.execute', { service: 'b'.repeat(512) }))
    expect(unknown).to.include({ code: 'UNKNOWN_SERVICE' })
  })

  it('has the name that its class gives itself, and does not inherit it', async () => {
    class Named extends Held {
      static override serviceName = 'named'
    }
    class Heir extends Named {}
    server.addService(new Named()).addService(new Heir())
    const Other = class extends Service<string, string> {
      static override serviceName = 'named'
      init(): string {
        return ''
      }
      exec(): string {
        return ''
      }
      exit(): void {}
    }
    await world.client().service(Other).initialize()
    expect(await failureOf(client.service(Named).initialize('again'))).to.have.property('code')
    await client.service(Heir).initialize('another one')
  })

  describe('is used wrongly', () => {
    it('at the server', () => {
      const add = (service: unknown, options?: object) => () => server.addService(service as never, options)
      expect(add(Account)).to.throw(ServerError, 'service "Account" is already added')
      expect(add({})).to.throw(ServerError, 'an instance of Object is not a service')
      expect(add(Service)).to.throw(ServerError, 'is not a service')
      expect(add(class extends Unknown {})).to.throw(ServerError, 'static serviceName')
      expect(add(Unknown, { maxQueued: -1 })).to.throw(ClientError, 'option maxQueued')
      expect(add(Unknown, { allowShutdown: 'yes' })).to.throw(ClientError, 'option allowShutdown')
    })

    it('at the client', async () => {
      expect(() => client.service(account as never)).to.throw(ClientError, 'service() needs a Service class')
      for (const awaitResponse of [0, -1, Number.NaN, 'yes']) {
        const error = await failureOf(client.service(Account).execute(1, { awaitResponse } as never))
        expect(error.message).to.contain('option awaitResponse')
      }
      const gone = new AbortController()
      gone.abort()
      expect(await failureOf(client.service(Account).execute(1, { signal: gone.signal }))).to.be.instanceOf(
        CancelledError,
      )
    })
  })

  describe('refuses what a hostile peer sends', () => {
    const cases: Record<string, unknown> = {
      nothing: undefined,
      'no object': 'Account',
      'a list': ['Account'],
      'no name': { args: 1 },
      'an empty name': { service: '' },
      'a name that is no text': { service: { toString: 1 } },
      'a long name': { service: 'a'.repeat(513) },
      'a word where a yes or no is expected': { service: 'Account', shutdown: 'yes' },
    }
    for (const [what, request] of Object.entries(cases)) {
      it(what, async () => {
        for (const verb of ['initialize', 'execute', 'terminate']) {
          const error = await failureOf(client.runAction(`isock.services.${verb}`, request))
          expect(error).to.include({ code: 'BAD_REQUEST', notStarted: true })
        }
      })
    }

    it('a shutdown with something else than terminate', async () => {
      const request = { service: 'Account', shutdown: true }
      for (const verb of ['initialize', 'execute'])
        expect((await failureOf(client.runAction(`isock.services.${verb}`, request)))['code']).to.equal('BAD_REQUEST')
    })

    it('names that objects inherit', async () => {
      for (const service of ['constructor', '__proto__', 'toString'])
        expect((await failureOf(client.runAction('isock.services.execute', { service })))['code']).to.equal(
          'UNKNOWN_SERVICE',
        )
    })
  })
})
