// The types of a service's methods, as its client sees them.
import { expectTypeOf } from 'expect-type'
import { type Client, Service, type ServiceClient, type ServiceContext } from '../../lib/index.ts'

class Full extends Service<number, string, boolean> {
  override init(_start: number, _context: ServiceContext<'ready'>): number {
    return 1
  }
  override async exec(state: number, _args: string, { respond }: ServiceContext<Date>): Promise<number> {
    await respond(new Date(0))
    return state
  }
  override exit(_state: number, _args: boolean): void {}
}

class Bare extends Service<number> {
  override init(): number {
    return 1
  }
  override exec(state: number): number {
    return state
  }
}

describe('The types of a service', () => {
  const types = (client: Client): void => {
    const full = client.service(Full)
    expectTypeOf(full).toEqualTypeOf<ServiceClient<Full>>()
    expectTypeOf(full.initialize(1)).toEqualTypeOf<Promise<void>>()
    expectTypeOf(full.initialize(1, { awaitResponse: true })).toEqualTypeOf<Promise<'ready'>>()
    expectTypeOf(full.execute('a')).toEqualTypeOf<Promise<void>>()
    expectTypeOf(full.execute('a', { awaitResponse: 100 })).toEqualTypeOf<Promise<Date>>()
    expectTypeOf(full.responses('a')[Symbol.asyncIterator]().next()).resolves.toEqualTypeOf<
      IteratorResult<Date, void>
    >()
    expectTypeOf(full.terminate(true)).toEqualTypeOf<Promise<void>>()
    expectTypeOf(full.terminate(true, { awaitResponse: true })).toEqualTypeOf<Promise<unknown>>()
    expectTypeOf(full.execute('a', { confirm: 'receipt' })).toEqualTypeOf<Promise<void>>()
    // @ts-expect-error: a receipt, or a response
    void full.execute('a', { confirm: 'receipt', awaitResponse: true })
    // @ts-expect-error: init takes a number
    void full.initialize('1')
    // @ts-expect-error: exec needs its text
    void full.execute()
    // @ts-expect-error: only terminate ends the server
    void full.execute('a', { shutdown: true })

    const bare = client.service(Bare)
    void bare.initialize()
    void bare.execute()
    void bare.terminate(undefined, { shutdown: true })
    // @ts-expect-error: the class, not an instance
    client.service(new Bare())
  }

  it('are those of its class', () => {
    expectTypeOf(types).toBeFunction()
  })
})
