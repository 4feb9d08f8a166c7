// A service as a client uses it: what it asks for, and what it settles with. The server is a script.
import { expect } from 'chai'
import { ClientError, DeadlineError, ServerError } from '../../lib/core/base/errors.ts'
import { KnownClasses } from '../../lib/core/base/known-classes.ts'
import type { ClientKit } from '../../lib/core/client/client-kit.ts'
import { isService, isServiceClass, requireServiceName, Service } from '../../lib/features/services/service.ts'
import { Execute, Initialize, Terminate } from '../../lib/features/services/service-actions.ts'
import { readWait, ServiceClient } from '../../lib/features/services/service-client.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

class Trouble extends Error {}
class Money {}

class Counter extends Service<number, number, number, number> {
  static override errors = [Trouble]
  static override classes = [Money]

  override init(start: number): number {
    return start
  }

  override exec(value: number, change: number): number {
    return value + change
  }
}

/** A call whose responses and end the spec says. */
class Scripted {
  readonly given: readonly unknown[]
  cancelled: unknown
  readonly #items: unknown[] = []
  #end: { readonly error: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(given: readonly unknown[]) {
    this.given = given
  }

  respond(...values: unknown[]): void {
    this.#items.push(...values)
    this.#wake()
  }

  end(error?: unknown): void {
    this.#end = { error }
    this.#wake()
  }

  cancel(reason: unknown): void {
    this.cancelled = reason
    this.end(new Error('cancelled'))
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift()
      if (this.#end !== undefined) break
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#end.error !== undefined) throw this.#end.error
  }

  then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    const all = async (): Promise<unknown> => {
      for await (const _ of this);
      return 'a result'
    }
    all().then(resolve, reject)
  }
}

describe('ServiceClient', () => {
  let clock: VirtualClock
  let declared: unknown[]
  let kit: ClientKit
  let calls: Scripted[]
  let counter: ServiceClient<Counter>

  beforeEach(() => {
    clock = new VirtualClock()
    calls = []
    declared = []
    const classes = {
      declareError: (Class: unknown) => declared.push(Class),
      declareClass: (Class: unknown) => declared.push(Class),
    }
    const runAction = (...given: unknown[]): Scripted => {
      calls.push(new Scripted(given))
      return call()
    }
    kit = { clock, classes, known: new KnownClasses(), client: { runAction } } as unknown as ClientKit
    counter = new ServiceClient(kit, Counter)
  })

  const call = (): Scripted => calls.at(-1) as Scripted
  const settled = (promise: Promise<unknown>): Promise<unknown> =>
    promise.catch((error: { name: string; message: string; code?: string }) => `${error.code}: ${error.message}`)
  const isSettled = (promise: Promise<unknown>): Promise<boolean> =>
    Promise.race([promise.then(() => true), settle().then(() => false)])

  it('declares the classes of the service to its client', () => {
    expect(declared).to.deep.equal([Trouble, Money])
    new ServiceClient(
      kit,
      class Plain extends Counter {
        static override errors = undefined as never
        static override classes = undefined as never
      },
    )
    expect(declared).to.have.length(2)
  })

  it('is of a service class, and of one for each name', () => {
    for (const odd of [class {}, 'Counter', new Counter()])
      expect(() => new ServiceClient(kit, odd as never)).to.throw(ClientError, 'service() needs a Service class')
    const other = class Counter extends Service<string> {
      override init(): string {
        return ''
      }
      override exec(): string {
        return ''
      }
    }
    expect(() => new ServiceClient(kit, other)).to.throw(
      ClientError,
      'two different classes are called service "Counter"',
    )
  })

  it('asks for the method, with its arguments and the options of a call', async () => {
    const running = [
      counter.initialize(1),
      counter.execute(2, { timeoutMs: 5 }),
      counter.terminate(3, { shutdown: true }),
    ]
    expect(calls.map(({ given }) => given)).to.deep.equal([
      [Initialize, { service: 'Counter', args: 1 }, {}],
      [Execute, { service: 'Counter', args: 2 }, { timeoutMs: 5 }],
      [Terminate, { service: 'Counter', args: 3, shutdown: true }, {}],
    ])
    for (const each of calls) each.end()
    expect(await Promise.all(running)).to.deep.equal([undefined, undefined, undefined])
  })

  it('settles when the method has run, and rejects with what it threw', async () => {
    const running = counter.execute(1)
    expect(await isSettled(running)).to.equal(false)
    call().end()
    await running
    const failing = settled(counter.execute(1))
    call().end(new ServerError('no', { code: 'TERMINATED' }))
    expect(await failing).to.equal('TERMINATED: no')
  })

  it('gives all responses as they come', () => {
    const responses = counter.responses(1, { timeoutMs: 5 })
    expect(responses).to.equal(call())
    expect(call().given).to.deep.equal([Execute.actionName, { service: 'Counter', args: 1 }, { timeoutMs: 5 }])
  })

  it('settles with the receipt, and gives up nothing but the call', async () => {
    const running = counter.execute(1, { confirm: 'receipt' })
    expect(call().given[1]).to.deep.equal({ service: 'Counter', args: 1, confirm: 'receipt' })
    expect(await isSettled(running)).to.equal(false)
    call().respond(null)
    expect(await running).to.equal(undefined)
  })

  it('settles without a receipt too when the method has run, or rejects with why it did not', async () => {
    const running = counter.execute(1, { confirm: 'receipt' })
    call().end()
    expect(await running).to.equal(undefined)
    const failing = settled(counter.execute(1, { confirm: 'receipt' }))
    call().end(new ServerError('no', { code: 'TERMINATED' }))
    expect(await failing).to.equal('TERMINATED: no')
  })

  it('settles with the first response where it waits for one, and reads on', async () => {
    const running = counter.execute(1, { awaitResponse: true })
    call().respond('first')
    expect(await running).to.equal('first')
    expect(clock.pendingCount, 'the wait is over').to.equal(0)
    call().respond('second', 'third')
    await settle()
    call().end(new Error('late'))
    await settle()
    expect(call().cancelled).to.equal(undefined)
  })

  it('gives a call up that has no response in time: after 60 s, or as it is told', async () => {
    for (const [awaitResponse, waitMs] of [
      [true, 60_000],
      [500, 500],
    ] as const) {
      const running = counter.terminate(1, { awaitResponse })
      const why = running.catch((error: unknown) => error)
      await clock.advance(waitMs - 1)
      expect(call().cancelled).to.equal(undefined)
      await clock.advance(1)
      const error = (await why) as DeadlineError
      expect(error).to.be.instanceOf(DeadlineError)
      expect(error.message).to.equal(`service "Counter": exit sent no response within ${waitMs} ms`)
      expect(call().cancelled).to.equal(error.message)
    }
  })

  it('rejects when the method ends without a response, or fails before one', async () => {
    const running = settled(counter.initialize(1, { awaitResponse: true }))
    call().end()
    expect(await running).to.equal(
      'NO_RESPONSE: service "Counter": init ended without a response; its service sends one with context.respond()',
    )
    const failing = settled(counter.execute(1, { awaitResponse: true }))
    call().end(new ServerError('no', { code: 'TERMINATED' }))
    expect(await failing).to.equal('TERMINATED: no')
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
    const silent = settled(counter.execute(1, { awaitResponse: true }))
    call().end()
    expect(await silent).to.include('service "Counter": exec ended without a response')
  })

  it('refuses options that there are not, or that do not go together', async () => {
    const refused = (options: object): Promise<unknown> => settled(counter.execute(1, options as never))
    expect(await refused({ shutdown: true })).to.include('shutdown')
    expect(await refused({ confrim: 'receipt' })).to.include('confrim')
    expect(await refused({ confirm: 'receipt', awaitResponse: true })).to.include('none beside awaitResponse')
    expect(await refused({ awaitResponse: 0 })).to.include('awaitResponse')
    expect(calls).to.deep.equal([])
  })
})

describe('readWait', () => {
  it('reads how long to wait for a response', () => {
    expect([false, true, 1, 0.5, Number.POSITIVE_INFINITY].map(readWait)).to.deep.equal([
      undefined,
      60_000,
      1,
      0.5,
      Number.POSITIVE_INFINITY,
    ])
    for (const odd of [0, -1, Number.NaN, '1', null, undefined])
      expect(() => readWait(odd), String(odd)).to.throw(ClientError, 'awaitResponse')
  })
})

describe('A service class', () => {
  it('is a subclass of Service, and its instances are services', () => {
    expect([Counter, Service, new Counter(), class {}, undefined].map(isServiceClass)).to.deep.equal([
      true,
      false,
      false,
      false,
      false,
    ])
    expect([new Counter(), Counter, {}, undefined, null, 7].map(isService)).to.deep.equal([
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })

  it('is recognised where another copy of this library is its base', () => {
    class ServiceOfAnotherCopy {}
    Object.defineProperty(ServiceOfAnotherCopy.prototype, Symbol.for('isock.Service'), { value: true })
    class Theirs extends ServiceOfAnotherCopy {}
    expect([isServiceClass(Theirs), isService(new Theirs())]).to.deep.equal([true, true])
  })

  it('has a name of 1 to 512 characters', () => {
    const named = (serviceName: unknown): string =>
      requireServiceName(Object.assign(class Odd extends Counter {}, { serviceName }) as never)
    for (const name of ['a', 'a'.repeat(512)]) expect(named(name)).to.equal(name)
    for (const name of ['', 'a'.repeat(513), 7])
      expect(() => named(name))
        .to.throw(ServerError, '1 to 512 characters')
        .with.property('code', 'INVALID_SERVICE')
  })

  it('does nothing at its end unless it says otherwise', () => {
    expect(new Counter().exit(1, 2, {} as never)).to.equal(undefined)
  })
})
