// What an action throws, as its caller gets it.
import { expect } from 'chai'
import { Action, ActionError, type Context, DeadlineError, RemoteError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { failureOf, itemsOf } from '../setup/world.ts'

class OutOfStock extends ActionError {
  readonly left: number
  readonly since: Date

  constructor(left: number) {
    super(`only ${left} left`, { code: 'OUT_OF_STOCK', cause: new RangeError('the shelf is empty') })
    this.left = left
    this.since = new Date(0)
  }

  get isEmpty(): boolean {
    return this.left === 0
  }
}

class Unshared extends Error {
  override name = 'UnsharedName'
  readonly code = 'E_UNSHARED'
  readonly details = { at: new Date(0) }
}

const thrown: Record<string, unknown> = {
  declared: new OutOfStock(0),
  unshared: new Unshared('only the server knows'),
  type: new TypeError('wrong type'),
  deadline: new DeadlineError('of an inner call', { notStarted: true }),
  text: 'just a text',
  nothing: undefined,
  null: null,
}

class Throw extends Action {
  static override errors = [OutOfStock]

  async action(what: string, _context: Context) {
    throw thrown[what]
  }
}

class ThrowNow extends Throw {
  override action(what: string): never {
    throw thrown[what]
  }
}

class ThrowLater extends Action {
  static override errors = [OutOfStock]

  async *action(what: string) {
    yield 1
    throw thrown[what]
  }
}

/** An object whose parts throw when they are touched. */
function trap(property: string | symbol): object {
  return Object.defineProperty({}, property, {
    get: () => {
      throw new RangeError(`touched ${String(property)}`)
    },
  })
}

describe('what an action throws', () => {
  for (const ThrowClass of [Throw, ThrowNow]) {
    it(`is an error of its own class where that was declared (${ThrowClass.name})`, async () => {
      await using harness = await createHarness({ actions: [new ThrowClass()] })
      const error = (await failureOf(harness.client.runAction(ThrowClass, 'declared'))) as unknown as OutOfStock
      expect(error).to.be.instanceOf(OutOfStock).and.instanceOf(ActionError)
      expect(error).to.include({
        name: 'OutOfStock',
        code: 'OUT_OF_STOCK',
        message: 'only 0 left',
        left: 0,
        isEmpty: true,
      })
      expect(error.since).to.deep.equal(new Date(0))
      expect(error.cause).to.be.instanceOf(RangeError).with.property('message', 'the shelf is empty')
      expect(error).to.not.equal(thrown['declared'])
    })
  }

  it('is a RemoteError with name, message and code where its class is not known', async () => {
    await using harness = await createHarness({ actions: [new Throw()] })
    const error = await failureOf(harness.client.runAction(Throw, 'unshared'))
    expect(error).to.be.instanceOf(RemoteError)
    expect(error).to.include({
      name: 'UnsharedName',
      code: 'E_UNSHARED',
      message: 'only the server knows (class UnsharedName is not in static errors of Throw)',
    })
    expect(error['data']).to.deep.equal({})
  })

  it('may be any value, even none', async () => {
    await using harness = await createHarness({ actions: [new Throw()] })
    for (const what of ['text', 'nothing', 'null']) {
      const outcome = await harness.client.runAction(Throw, what).outcome()
      expect(outcome).to.deep.equal({ ok: false, error: thrown[what] })
    }
    expect(await failureOf(harness.client.runAction(Throw, 'type'))).to.be.instanceOf(TypeError)
  })

  it('does not claim by itself that nothing was started', async () => {
    await using harness = await createHarness({ actions: [new Throw()] })
    const error = await failureOf(harness.client.runAction(Throw, 'deadline'))
    expect(error).to.be.instanceOf(DeadlineError).and.include({ message: 'of an inner call', notStarted: false })
  })

  it('comes after the items before it', async () => {
    await using harness = await createHarness({ actions: [new ThrowLater()] })
    const iterator = harness.client.runAction(ThrowLater, 'declared')[Symbol.asyncIterator]()
    expect(await iterator.next()).to.deep.equal({ done: false, value: 1 })
    expect(await failureOf(iterator.next())).to.be.instanceOf(OutOfStock)
  })

  it('is told to onError, whose own failure harms nobody', async () => {
    const told: unknown[] = []
    const onError = (error: unknown, { action }: { readonly action?: string }): never => {
      told.push([action, error])
      throw new Error('the hook failed')
    }
    await using harness = await createHarness({ actions: [new Throw()], server: { onError } })
    await failureOf(harness.client.runAction(Throw, 'declared'))
    expect(told).to.deep.equal([['Throw', thrown['declared']]])
  })

  for (const [what, returned] of [
    ['a getter of then', () => trap('then')],
    ['an iterator', () => ({ [Symbol.asyncIterator]: () => trap('next') })],
    ['the making of an iterator', () => trap(Symbol.asyncIterator)],
    [
      'a call of then',
      () =>
        Object.defineProperty({}, 'then', {
          value: () => {
            throw new RangeError('touched then')
          },
        }),
    ],
    [
      'a field',
      () =>
        Object.defineProperty({ ok: 1 }, 'field', {
          enumerable: true,
          get: () => {
            throw new RangeError('touched')
          },
        }),
    ],
  ] as const) {
    for (const how of ['at once', 'later']) {
      it(`may come from ${what} of what it returned ${how}, and the link stands`, async () => {
        await using harness = await createHarness()
        const { server, client } = harness
        server.addActions({ trap: how === 'at once' ? returned : async () => [returned()][0] })
        server.addActions({ fine: () => 'fine' })
        const error = await failureOf(client.runAction('trap', undefined, { timeoutMs: 1_000, retry: 0 }))
        expect(error.message).to.match(/touched/)
        const { sessionId } = client
        expect(await client.runAction('fine')).to.equal('fine')
        expect(client.sessionId).to.equal(sessionId)
      })
    }
  }
})

describe('the stack of an error', () => {
  async function askForStock(harness: Awaited<ReturnType<typeof createHarness>>): Promise<unknown> {
    return await harness.client.runAction(Throw, 'declared')
  }

  it('names the file and function that awaited the call, and nothing of the server', async () => {
    await using harness = await createHarness({ actions: [new Throw()] })
    const { stack } = await failureOf(askForStock(harness))
    const [head, ...lines] = (stack as string).split('\n')
    expect(head).to.equal('OutOfStock: only 0 left')
    expect(
      lines.some((line) => /at async askForStock \(.*spec\/action\/errors\.spec\.ts:\d+:\d+\)/.test(line)),
      stack,
    ).to.equal(true)
    expect(stack).to.not.contain('new OutOfStock')
  })

  it('likewise where the client itself makes the error', async () => {
    await using harness = await createHarness()
    async function callNobody(): Promise<void> {
      await harness.client.runAction('Nobody')
    }
    const { stack } = await failureOf(callNobody())
    expect(stack).to.match(/at async callNobody \(.*errors\.spec\.ts/)
  })

  it('likewise while iterating', async () => {
    await using harness = await createHarness({ actions: [new ThrowLater()] })
    async function readAll(): Promise<void> {
      for await (const _ of harness.client.runAction(ThrowLater, 'declared'));
    }
    const { stack } = await failureOf(readAll())
    expect(stack).to.match(/at async readAll \(.*errors\.spec\.ts/)
  })

  it('is that of the server too with exposeStacks', async () => {
    await using harness = await createHarness({ actions: [new Throw()], server: { exposeStacks: true } })
    const { stack } = await failureOf(askForStock(harness))
    expect(stack).to.match(/errors\.spec\.ts/)
    expect(stack).to.contain((thrown['declared'] as Error).stack?.split('\n')[1])
    expect(stack).to.match(/at async askForStock/)
  })

  it('does not make the items before it wait', async () => {
    await using harness = await createHarness({ actions: [new ThrowLater()] })
    expect(await failureOf(itemsOf(harness.client.runAction(ThrowLater, 'type')))).to.be.instanceOf(TypeError)
  })
})
