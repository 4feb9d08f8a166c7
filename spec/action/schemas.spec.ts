// Schemas of several libraries at work: input is checked before the handler starts, output before it is sent.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect } from 'chai'
import * as v from 'valibot'
import * as z from 'zod'
import { Action, type Context, ServerError, ValidationError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { failureOf, itemsOf } from '../setup/world.ts'

interface Order {
  readonly item: string
  readonly seats: number
}

abstract class Recording extends Action {
  readonly orders: unknown[] = []

  override async action(order: Order) {
    this.orders.push(order)
    return `${order.seats} x ${order.item}`
  }
}

class ZodOrder extends Recording {
  static override input = z.object({ item: z.string().trim(), seats: z.int().positive() })
}

class ValibotOrder extends Recording {
  static override input = v.object({
    item: v.pipe(v.string(), v.trim()),
    seats: v.pipe(v.number(), v.integer(), v.minValue(1)),
  })
}

class AsyncOrder extends Recording {
  static override input = z.object({
    item: z.string().refine(async (item) => item !== 'taken', 'is taken'),
    seats: z.int().positive(),
  })
}

class Answer extends Action {
  static override output = z.object({ answer: z.int().transform((n) => n + 1) })
  runs = 0

  action(answer: unknown) {
    this.runs++
    return { answer } as { answer: number }
  }
}

class AsyncAnswer extends Action {
  static override output = v.pipeAsync(
    v.number(),
    v.checkAsync(async (n) => n < 10, 'too much'),
  )

  async action(answer: number) {
    return answer
  }
}

class Sum extends Action {
  static override input = z.object({ n: z.number() })
  readonly taken: number[] = []

  async action(items: AsyncIterable<{ n: number }>) {
    for await (const { n } of items) this.taken.push(n)
    return this.taken.reduce((sum, n) => sum + n, 0)
  }
}

class AsyncItems extends Action {
  static override input = z.number().refine(async (n) => n > 0, 'is not positive')

  async action(items: AsyncIterable<number>) {
    return itemsOf(items)
  }
}

class Words extends Action {
  static override input = z.array(z.any())
  static override items = z.string().trim()

  async *action(words: string[]) {
    yield* words
    return words.length
  }
}

/** Each takes the longer to be checked the earlier it comes. */
class SlowWords extends Action {
  static override items = z.string().refine(async (word) => {
    for (let turn = word.length; turn < 20; turn++) await null
    return word !== 'bad'
  }, 'is bad')

  async action(words: string[], { emit }: Context<string>) {
    for (const word of words) emit(word).catch(() => undefined)
    return words.length
  }
}

async function* feed<T>(...items: T[]): AsyncGenerator<T> {
  yield* items
}

describe('schemas', () => {
  for (const OrderClass of [ZodOrder, ValibotOrder, AsyncOrder]) {
    it(`pass what is valid, as they give it back (${OrderClass.name})`, async () => {
      const action = new OrderClass()
      await using harness = await createHarness({ actions: [action] })
      expect(await harness.client.runAction(OrderClass, { item: 'tea', seats: 2 })).to.equal('2 x tea')
      expect(action.orders).to.deep.equal([{ item: 'tea', seats: 2 }])
    })

    it(`refuse what is not, with issues, before the handler starts (${OrderClass.name})`, async () => {
      const action = new OrderClass()
      await using harness = await createHarness({ actions: [action] })
      const error = await failureOf(harness.client.runAction(OrderClass, { item: 5 as never, seats: -1 }))
      expect(error).to.be.instanceOf(ValidationError).and.include({ code: 'INVALID_INPUT', notStarted: true })
      const { issues, message } = error as unknown as ValidationError
      expect(issues.map((issue) => issue.path)).to.deep.equal([['item'], ['seats']])
      expect(message).to.match(/^input of action "\w+" is not valid: item: .+ \(and 1 more\)$/)
      expect(action.orders).to.deep.equal([])
    })
  }

  it('transform what the handler sees', async () => {
    const action = new ZodOrder()
    await using harness = await createHarness({ actions: [action] })
    await harness.client.runAction(ZodOrder, { item: '  tea ', seats: 1 })
    expect(action.orders).to.deep.equal([{ item: 'tea', seats: 1 }])
  })

  it('may answer later', async () => {
    await using harness = await createHarness({ actions: [new AsyncOrder()] })
    const error = await failureOf(harness.client.runAction(AsyncOrder, { item: 'taken', seats: 1 }))
    expect(error.message).to.equal('input of action "AsyncOrder" is not valid: item: is taken')
  })

  it('check the output of a call that ran', async () => {
    const action = new Answer()
    await using harness = await createHarness({ actions: [action] })
    expect(await harness.client.runAction(Answer, 41)).to.deep.equal({ answer: 42 })
    const error = await failureOf(harness.client.runAction(Answer, 'much'))
    expect(error).to.be.instanceOf(ValidationError).and.include({ code: 'INVALID_OUTPUT', notStarted: false })
    expect((error as unknown as ValidationError).issues[0]?.path).to.deep.equal(['answer'])
    expect(action.runs).to.equal(2)
  })

  it('check the output later', async () => {
    await using harness = await createHarness({ actions: [new AsyncAnswer()] })
    expect(await harness.client.runAction(AsyncAnswer, 9)).to.equal(9)
    const error = await failureOf(harness.client.runAction(AsyncAnswer, 10))
    expect(error).to.include({ code: 'INVALID_OUTPUT', notStarted: false })
    expect(error.message).to.contain('too much')
  })

  it('check each item of an input stream', async () => {
    const action = new Sum()
    await using harness = await createHarness({ actions: [action] })
    expect(await harness.client.runAction(Sum, feed({ n: 1 }, { n: 2 }))).to.equal(3)
    const error = await failureOf(harness.client.runAction(Sum, feed({ n: 4 }, { n: 'x' as never }, { n: 8 })))
    expect(error).to.be.instanceOf(ValidationError).and.include({ code: 'INVALID_INPUT', notStarted: false })
    expect(error.message).to.match(/^an input item of action "Sum" is not valid: n: /)
    expect(action.taken).to.deep.equal([1, 2, 4])
  })

  it('check each item of an input stream later, in order', async () => {
    await using harness = await createHarness({ actions: [new AsyncItems()] })
    expect(await harness.client.runAction(AsyncItems, feed(1, 2, 3))).to.deep.equal([1, 2, 3])
    expect(await failureOf(harness.client.runAction(AsyncItems, feed(1, -1)))).to.be.instanceOf(ValidationError)
  })

  it('check each item that is yielded, as they give it back', async () => {
    await using harness = await createHarness({ actions: [new Words()] })
    const call = harness.client.runAction(Words, [' a', 'b '])
    const typed: string[] = await itemsOf(call)
    expect(typed).to.deep.equal(['a', 'b'])
    const wrong = harness.client.runAction(Words, ['a', 5, 'c'])
    const got: string[] = []
    const error = await failureOf(
      (async () => {
        for await (const word of wrong) got.push(word)
      })(),
    )
    expect(error).to.be.instanceOf(ValidationError).and.include({ code: 'INVALID_OUTPUT', notStarted: false })
    expect(error.message).to.match(/^item of action "Words" is not valid: /)
    expect(got).to.deep.equal(['a'])
  })

  it('check each item that is emitted, in order, and the result follows them all', async () => {
    await using harness = await createHarness({ actions: [new SlowWords()] })
    const call = harness.client.runAction(SlowWords, ['one', 'bad', 'seventeen', 'four'])
    expect(await itemsOf(call)).to.deep.equal(['one', 'seventeen', 'four'])
    expect(await call).to.equal(4)
  })

  it('of items are part of the contract', async () => {
    const Other = {
      Words: class Words extends Action {
        static override input = z.array(z.any())
        static override items = z.number()
      },
    }.Words
    await using harness = await createHarness({ actions: [new Words()] })
    const error = await failureOf(harness.client.runAction(Other as never, [] as never))
    expect(error).to.include({ code: 'CONTRACT_MISMATCH' })
    const [listing] = await harness.client.runAction<{ items: unknown }[]>('isock.actions')
    expect(listing?.items).to.have.property('type', 'string')
  })

  it('that fail themselves are an error of the call, and the link stands', async () => {
    const fails = (): never => {
      throw new RangeError('the schema broke')
    }
    class Broken extends Action {
      static override input: StandardSchemaV1<number, number> = {
        '~standard': { version: 1, vendor: 'broken', validate: fails },
      }

      action(n: number) {
        return n
      }
    }
    await using harness = await createHarness({ actions: [new Broken(), new Answer()] })
    const error = await failureOf(harness.client.runAction(Broken, 1))
    expect(error).to.be.instanceOf(RangeError).with.property('message', 'the schema broke')
    expect(await harness.client.runAction(Answer, 1)).to.deep.equal({ answer: 2 })
  })

  it('are part of the contract: other schemas on each side do not fit', async () => {
    const Other = {
      Answer: class Answer extends Action {
        static override output = z.string()
      },
    }.Answer
    await using harness = await createHarness({ actions: [new Answer()] })
    const error = await failureOf(harness.client.runAction(Other as never, 1 as never))
    expect(error).to.be.instanceOf(ServerError).and.include({ code: 'CONTRACT_MISMATCH' })
  })

  it('bind the implementation of a contract', async () => {
    class Double extends Action<number, number> {
      static override input = z.number()
      static override output = z.number()
    }
    await using harness = await createHarness()
    harness.server.addAction(Double, (n) => (n === 13 ? ('unlucky' as never) : n * 2))
    expect(await harness.client.runAction(Double, 2)).to.equal(4)
    expect(await failureOf(harness.client.runAction(Double, '2' as never))).to.include({ code: 'INVALID_INPUT' })
    expect(await failureOf(harness.client.runAction(Double, 13))).to.include({ code: 'INVALID_OUTPUT' })
  })
})
