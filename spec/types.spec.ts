// What the compiler infers of actions. `npm run types` is the proof; the calls run here too, so that they are no fiction.
import { expectTypeOf } from 'expect-type'
import * as v from 'valibot'
import * as z from 'zod'
import {
  Action,
  type Call,
  type Context,
  type ErrorOf,
  type InputOf,
  type IsockError,
  type ItemOf,
  type Outcome,
  type OutputOf,
  type Server,
} from '../lib/index.ts'
import { createHarness, type Harness } from '../lib/testing/harness.ts'

class Echo extends Action {
  action(text: string) {
    return text
  }
}

class Later extends Action {
  async action(at: Date, _context: Context) {
    return new Map([[at, 1n]])
  }
}

class Nothing extends Action {
  action() {}
}

class Optional extends Action {
  action(limit?: number) {
    return [limit]
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield { i }
    return 'done' as const
  }
}

class SyncCount extends Action {
  *action(upTo: number) {
    for (let i = 0; i < upTo; i++) yield i
    return true
  }
}

class Emit extends Action {
  async action(count: number, { emit }: Context<'tick'>) {
    for (let i = 0; i < count; i++) await emit('tick')
    return count
  }
}

class Sum extends Action {
  async action(numbers: AsyncIterable<number>) {
    let sum = 0
    for await (const n of numbers) sum += n
    return sum
  }
}

class Exec extends Action<string[], number> {}

class Watch extends Action<{ path: string }, void, 'add' | 'remove'> {}

class Schema extends Action {
  static override input = z.object({ seats: z.coerce.number<string>() })
  static override output = v.pipe(v.number(), v.transform(String))

  action({ seats }: { seats: number }) {
    return seats
  }
}

class SchemaItems extends Action {
  static override input = z.object({ n: z.number().default(1) })

  async action(items: AsyncIterable<{ n: number }>) {
    for await (const { n } of items) return n
    return 0
  }
}

class OutOfStock extends Error {
  readonly left = 3
}

class Take extends Action.of({
  input: z.object({ seats: z.coerce.number<string>() }),
  output: z.number().transform(String),
  errors: [OutOfStock],
  idempotent: true,
  action({ seats }, { signal }) {
    expectTypeOf(seats).toEqualTypeOf<number>()
    signal.throwIfAborted()
    return seats
  },
}) {}

class Pages extends Action.of({
  input: z.number(),
  items: z.coerce.number<string>(),
  async *action(upTo) {
    for (let i = 0; i < upTo; i++) yield String(i)
    return 'done' as const
  },
}) {}

class Ticks extends Action.of({
  input: z.number(),
  items: z.string(),
  async action(count, { emit }) {
    expectTypeOf(emit).toEqualTypeOf<(item: string) => Promise<void>>()
    for (let i = 0; i < count; i++) await emit('tick')
    return { count }
  },
}) {}

class Plain extends Action.of({ timeoutMs: 5_000, action: (text: string) => text.length }) {}

class Total extends Action.of({
  input: z.object({ n: z.number() }),
  async action(items: AsyncIterable<{ n: number }>) {
    let total = 0
    for await (const { n } of items) total += n
    return total
  },
}) {}

class Agreed extends Action.of({ input: z.coerce.date<string>(), output: z.date().transform(String) }) {}

class Stored extends Action.of({ input: z.object({ id: z.number() }), output: z.string() }) {
  readonly #texts: Map<number, string>

  constructor(texts: Map<number, string>) {
    super()
    this.#texts = texts
  }

  override action({ id }: { id: number }, { callId }: Context) {
    return `${this.#texts.get(id)} ${callId > 0}`
  }
}

class Needs extends Action {
  readonly #stock: Map<string, number>

  constructor(stock: Map<string, number>) {
    super()
    this.#stock = stock
  }

  action(item: string) {
    return this.#stock.get(item)
  }
}

describe('the types of', () => {
  let harness: Harness

  before(async () => {
    const actions = [
      Echo,
      Later,
      Nothing,
      Optional,
      Count,
      SyncCount,
      Emit,
      Sum,
      Schema,
      SchemaItems,
      Take,
      Pages,
      Ticks,
      Plain,
      Total,
    ]
    harness = await createHarness({ actions: [...actions.map((Class) => new Class()), new Needs(new Map())] })
  })

  after(() => harness.close())

  it('an action are read off its method', async () => {
    const { client } = harness
    expectTypeOf(client.runAction(Echo, 'hi')).toEqualTypeOf<Call<string, never, IsockError>>()
    expectTypeOf(await client.runAction(Later, new Date(0))).toEqualTypeOf<Map<Date, bigint>>()
    expectTypeOf(await client.runAction(Needs, 'tea')).toEqualTypeOf<number | undefined>()
    expectTypeOf<InputOf<typeof Later>>().toEqualTypeOf<Date>()
    expectTypeOf<OutputOf<typeof Later>>().toEqualTypeOf<Map<Date, bigint>>()
    expectTypeOf<ItemOf<typeof Later>>().toEqualTypeOf<never>()
    // @ts-expect-error: the input is a string
    await client.runAction(Echo, 5)
    // @ts-expect-error: an instance is not a class
    await client.runAction(new Echo(), 'hi').outcome()
  })

  it('data say where it may be left out', async () => {
    const { client } = harness
    expectTypeOf(await client.runAction(Nothing)).toEqualTypeOf<void>()
    expectTypeOf(await client.runAction(Nothing, undefined, { timeoutMs: 1_000 })).toEqualTypeOf<void>()
    expectTypeOf(await client.runAction(Optional)).toEqualTypeOf<(number | undefined)[]>()
    await client.runAction(Optional, 1)
    // @ts-expect-error: the input is not optional
    await client.runAction(Echo).outcome()
    // @ts-expect-error: it takes none
    await client.runAction(Nothing, 5)
    // @ts-expect-error: there is no such option
    await client.runAction(Echo, 'hi', { timeout: 5 }).outcome()
  })

  it('items are those that are yielded or emitted', async () => {
    const { client } = harness
    const call = client.runAction(Count, 2)
    for await (const item of call) expectTypeOf(item).toEqualTypeOf<{ i: number }>()
    expectTypeOf(await call).toEqualTypeOf<'done'>()
    for await (const item of client.runAction(SyncCount, 2)) expectTypeOf(item).toEqualTypeOf<number>()
    for await (const item of client.runAction(Emit, 2)) expectTypeOf(item).toEqualTypeOf<'tick'>()
    expectTypeOf(await client.runAction(Emit, 2)).toEqualTypeOf<number>()
    expectTypeOf(await client.runAction(SyncCount, 2)).toEqualTypeOf<boolean>()
    expectTypeOf<ItemOf<typeof Echo>>().toEqualTypeOf<never>()
  })

  it('an input stream are those of its items', async () => {
    const { client } = harness
    async function* numbers() {
      yield 1
    }
    async function* texts() {
      yield 'one'
    }
    expectTypeOf(await client.runAction(Sum, numbers())).toEqualTypeOf<number>()
    // @ts-expect-error: numbers are wanted
    await client.runAction(Sum, texts()).outcome()
  })

  it('a schema go before those of the method: what goes in, what comes out', async () => {
    const { client } = harness
    expectTypeOf<InputOf<typeof Schema>>().toEqualTypeOf<{ seats: string }>()
    expectTypeOf(await client.runAction(Schema, { seats: '2' })).toEqualTypeOf<string>()
    expectTypeOf<InputOf<typeof SchemaItems>>().toEqualTypeOf<AsyncIterable<{ n?: number | undefined }>>()
    // @ts-expect-error: the schema takes text
    await client.runAction(Schema, { seats: 2 })
  })

  it('Action.of go from the schemas to the handler', async () => {
    const { client } = harness
    expectTypeOf<InputOf<typeof Take>>().toEqualTypeOf<{ seats: string }>()
    expectTypeOf(Take.errors).toEqualTypeOf<readonly [typeof OutOfStock]>()
    expectTypeOf(await client.runAction(Take, { seats: '2' })).toEqualTypeOf<string>()
    const pages = client.runAction(Pages, 2)
    for await (const page of pages) expectTypeOf(page).toEqualTypeOf<number>()
    expectTypeOf(await pages).toEqualTypeOf<'done'>()
    for await (const tick of client.runAction(Ticks, 2)) expectTypeOf(tick).toEqualTypeOf<string>()
    expectTypeOf(await client.runAction(Plain, 'hi')).toEqualTypeOf<number>()
    expectTypeOf<InputOf<typeof Total>>().toEqualTypeOf<AsyncIterable<{ n: number }>>()
    expectTypeOf<InputOf<typeof Agreed>>().toEqualTypeOf<string>()
    expectTypeOf<OutputOf<typeof Agreed>>().toEqualTypeOf<string>()
    expectTypeOf<InputOf<typeof Stored>>().toEqualTypeOf<{ id: number }>()
    // @ts-expect-error: the schema takes text
    await client.runAction(Take, { seats: 2 })
  })

  it("errors are those that the action declares, and isock's own", async () => {
    class Risky extends Action {
      static override errors = [OutOfStock, RangeError]
      action(wanted: number) {
        if (wanted > 3) throw new OutOfStock('too many')
        return wanted
      }
    }
    const { client, server } = harness
    server.addAction(new Risky())
    expectTypeOf<ErrorOf<typeof Risky>>().toEqualTypeOf<OutOfStock | RangeError | IsockError>()
    expectTypeOf<ErrorOf<typeof Take>>().toEqualTypeOf<OutOfStock | IsockError>()
    expectTypeOf<ErrorOf<typeof Echo>>().toEqualTypeOf<IsockError>()
    const outcome = await client.runAction(Risky, 9).outcome()
    if (!outcome.ok) expectTypeOf(outcome.error).toEqualTypeOf<OutOfStock | RangeError | IsockError>()
    const left = client.runAction(Risky, 9).catchError(OutOfStock, async (error) => {
      expectTypeOf(error).toEqualTypeOf<OutOfStock>()
      return `${error.left}`
    })
    expectTypeOf(await left).toEqualTypeOf<number | string>()
    // @ts-expect-error: it is not declared
    await client.runAction(Take, { seats: '2' }).catchError(SyntaxError, () => 1)
    const byName = await client.runAction('Risky', 9).outcome()
    if (!byName.ok) expectTypeOf(byName.error).toEqualTypeOf<unknown>()
  })

  it('Action.of are checked', () => {
    const input = z.object({ a: z.number() })
    // @ts-expect-error: the schema returns a number
    Action.of({ input, action: ({ a }: { a: string }) => a })
    // @ts-expect-error: text is to be returned
    Action.of({ input, output: z.string(), action: ({ a }) => a })
    Action.of({
      items: z.string(),
      // @ts-expect-error: text is to be yielded
      *action() {
        yield 1
      },
    })
    // @ts-expect-error: there is no such field
    Action.of({ inptu: input, action: () => 1 })
    class Returns extends Action.of({ input, output: z.string() }) {
      // @ts-expect-error: text is to be returned
      override action({ a }: { a: number }) {
        return a
      }
    }
    class Takes extends Action.of({ input, output: z.string() }) {
      // @ts-expect-error: the schema returns a number
      override action({ a }: { a: string }) {
        return a
      }
    }
    expectTypeOf(Returns).toBeConstructibleWith()
    expectTypeOf(Takes).toBeConstructibleWith()
  })

  it('an action are checked where it is added or run', () => {
    class Wrong extends Action {
      static override input = z.object({ a: z.number() })
      action({ a }: { a: string }) {
        return a
      }
    }
    class Narrow extends Action.of({ input: z.object({ a: z.number() }) }) {
      override action({ a }: { a: number; b: string }) {
        return a
      }
    }
    class TwoArguments extends Action {
      // @ts-expect-error: the second parameter is a Context
      action(a: number, b: number) {
        return a + b
      }
    }
    const add = async (server: Server, list: Action[], any: never): Promise<void> => {
      for (const action of list) server.addAction(action)
      server.addAction(any)
      server.addAction(Agreed, (at) => {
        expectTypeOf(at).toEqualTypeOf<Date>()
        return at
      })
      server.addAction(
        Exec,
        new (class extends Exec {
          override action(argv: string[]) {
            return argv.length
          }
        })(),
      )
      // @ts-expect-error: contracts
      server.addAction(new Exec()).addAction(new Agreed())
      // @ts-expect-error: it takes more than the schema returns
      server.addAction(new Narrow())
      // @ts-expect-error: the schema returns a number
      server.addAction(Wrong, new Wrong())
      // @ts-expect-error: the schema returns a number
      server.addAction(Wrong, Wrong)
      // @ts-expect-error: the handler does not take what the schema returns
      await harness.client.runAction(Wrong, { a: 1 })
      server.addAction(new TwoArguments())
    }
    expectTypeOf(add).toBeFunction()
  })

  it('a contract are its parameters', () => {
    expectTypeOf<InputOf<typeof Exec>>().toEqualTypeOf<string[]>()
    expectTypeOf<OutputOf<typeof Exec>>().toEqualTypeOf<number>()
    expectTypeOf<ItemOf<typeof Exec>>().toEqualTypeOf<never>()
    expectTypeOf<InputOf<typeof Watch>>().toEqualTypeOf<{ path: string }>()
    expectTypeOf<ItemOf<typeof Watch>>().toEqualTypeOf<'add' | 'remove'>()
    expectTypeOf<OutputOf<typeof Watch>>().toEqualTypeOf<void>()
  })

  it('what implements a contract are checked against it', () => {
    const register = (server: Server): void => {
      server.addAction(Exec, (argv) => {
        expectTypeOf(argv).toEqualTypeOf<string[]>()
        return argv.length
      })
      server.addAction(Watch, async ({ path }, { emit }) => {
        expectTypeOf(path).toEqualTypeOf<string>()
        await emit('add')
        // @ts-expect-error: no such item
        await emit('change')
      })
      server.addAction(Watch, async function* () {
        yield 'remove' as const
      })
      // @ts-expect-error: a number is to be returned
      server.addAction(Exec, (argv) => argv)
      // @ts-expect-error: the wrong input
      server.addAction(Exec, (argv: number) => argv)
      server.addActions({
        any: (text: string, context: Context) => [text, context.callId],
        more: (_data, { callId }) => callId,
      })
      // @ts-expect-error: no action
      server.addActions({ wrong: 5 })
    }
    expectTypeOf(register).toBeFunction()
  })

  it('calls by name are what the caller says, else unknown', async () => {
    const { client } = harness
    expectTypeOf(await client.runAction('Echo', 1)).toEqualTypeOf<unknown>()
    expectTypeOf(client.runAction<string, number>('Echo', 1)).toEqualTypeOf<Call<string, number>>()
    expectTypeOf(await client.runAction(Echo, 'hi').outcome()).toEqualTypeOf<Outcome<string, IsockError>>()
  })

  it('the context run actions at the other side likewise', () => {
    const run = async ({ client }: Context): Promise<void> => {
      expectTypeOf(client.runAction(Count, 1)).toEqualTypeOf<Call<'done', { i: number }, IsockError>>()
      // @ts-expect-error: the input is a number
      await client.runAction(Count, 'one')
    }
    expectTypeOf(run).toBeFunction()
    expectTypeOf<Context['emit']>().parameter(0).toEqualTypeOf<never>()
  })
})
