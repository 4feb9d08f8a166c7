// Action.of: the same classes as those with static fields.
import { expect } from 'chai'
import * as z from 'zod'
import { requireActionName } from '../../lib/core/action/action.ts'
import { contractHash } from '../../lib/core/action/contract.ts'
import { Action, type Context } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { failureOf, itemsOf } from '../setup/world.ts'

const input = z.object({ a: z.number(), b: z.number().default(2) })

class Refused extends Error {
  readonly left = 3
}

class Add extends Action.of({
  input,
  output: z.number(),
  errors: [Refused],
  idempotent: true,
  timeoutMs: 5_000,
  description: 'adds',
  contractVersion: '2',
  action({ a, b }) {
    if (a < 0) throw new Refused('too little')
    return a + b
  },
}) {}

const Written = (() => {
  class Add extends Action {
    static override input = input
    static override output = z.number()
    static override contractVersion = '2'

    action({ a, b }: { a: number; b: number }) {
      return a + b
    }
  }
  return Add
})()

describe('Action.of', () => {
  it('makes a class with these static fields, and no others', () => {
    expect(Add).to.include({ input, idempotent: true, timeoutMs: 5_000, description: 'adds', contractVersion: '2' })
    expect(Add.errors).to.deep.equal([Refused])
    expect(Add.cacheControl).to.equal(undefined)
    expect(new Add()).to.be.instanceOf(Action)
  })

  it('makes the contract that static fields make', () => {
    expect(requireActionName(Add)).to.equal('Add')
    expect(contractHash('Add', Add)).to.equal(contractHash('Add', Written))
  })

  it('runs the handler, with checked data and declared errors', async () => {
    await using harness = await createHarness({ actions: [new Add()] })
    expect(await harness.client.runAction(Add, { a: 1 })).to.equal(3)
    expect(await failureOf(harness.client.runAction(Add, { a: 'one' as never }))).to.include({ code: 'INVALID_INPUT' })
    const refused = await failureOf(harness.client.runAction(Add, { a: -1 }))
    expect(refused).to.be.instanceOf(Refused).and.include({ left: 3 })
  })

  it('has streams: generators, emit, input', async () => {
    class Pages extends Action.of({
      items: z.string(),
      async *action(upTo: number) {
        for (let i = 0; i < upTo; i++) yield `page ${i}`
        return upTo
      },
    }) {}
    class Ticks extends Action.of({
      input: z.number(),
      items: z.string(),
      action: async (count, { emit }) => {
        for (let i = 0; i < count; i++) await emit('tick')
      },
    }) {}
    await using harness = await createHarness({ actions: [new Pages(), new Ticks()] })
    const call = harness.client.runAction(Pages, 2)
    expect(await itemsOf(call)).to.deep.equal(['page 0', 'page 1'])
    expect(await call).to.equal(2)
    expect(await itemsOf(harness.client.runAction(Ticks, 2))).to.deep.equal(['tick', 'tick'])
  })

  it('is the base of a class with a method and a constructor, and of a contract', async () => {
    class Find extends Action.of({ input: z.object({ id: z.number() }), output: z.string() }) {
      readonly #texts: Map<number, string>

      constructor(texts: Map<number, string>) {
        super()
        this.#texts = texts
      }

      override async action({ id }: { id: number }, { actionName }: Context) {
        return `${actionName} ${this.#texts.get(id)}`
      }
    }
    class Later extends Action.of({ input: z.coerce.date<string>(), output: z.number() }) {}
    await using harness = await createHarness({ actions: [new Find(new Map([[1, 'one']]))] })
    harness.server.addAction(Later, (at) => at.getTime())
    expect(await harness.client.runAction(Find, { id: 1 })).to.equal('Find one')
    expect(await harness.client.runAction(Later, '1970-01-01T00:00:01Z')).to.equal(1_000)
    expect(() => harness.server.addAction(new Later() as never)).to.throw('action "Later" has no action() method')
  })

  it('gives its actionName to the class that extends it, and to no subclass of that', () => {
    class Named extends Action.of({ actionName: 'math.add', action: (n: number) => n }) {}
    class Sub extends Named {}
    expect(requireActionName(Named)).to.equal('math.add')
    expect(requireActionName(Sub)).to.equal('Sub')
  })

  it('needs a name: of the class that extends it, or given', () => {
    const of = Action.of({ action: (n: number) => n })
    expect(() => contractHash(requireActionName(of), of)).not.to.throw()
    expect(requireActionName(of)).to.equal('')
    expect(requireActionName(Action.of({ actionName: 'given', action: (n: number) => n }))).to.equal('given')
  })
})
