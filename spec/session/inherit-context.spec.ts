// `inheritContext: true`: what a handler calls takes over its time and signal although nobody passes them on.
import { expect } from 'chai'
import { Action, type Client } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

class Outer extends Action {
  readonly #inner: Client

  constructor(inner: Client) {
    super()
    this.#inner = inner
  }

  async action() {
    await settle()
    return this.#inner.runAction(Work)
  }
}

describe('a server with inheritContext', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  for (const inheritContext of [true, false]) {
    it(`${inheritContext ? 'passes' : 'and one without it does not pass'} time and signal on to nested calls`, async () => {
      await world.serve([work], {}, 'inner')
      await world.serve([new Outer(world.client({}, 'inner'))], { inheritContext })
      const call = world.client().runAction(Outer, undefined, { timeoutMs: 5_000 })
      const failed = failureOf(call)
      await settle()
      await settle()
      const { context } = work.run
      expect(context.remainingMs).to.equal(inheritContext ? 5_000 : Number.POSITIVE_INFINITY)
      call.cancel()
      await failed
      await settle()
      expect(context.signal.aborted).to.equal(inheritContext)
      work.run.finish()
    })
  }

  it('does not bind calls that are made outside of handlers', async () => {
    await world.serve([work], { inheritContext: true })
    const call = world.client().runAction(Work)
    await settle()
    expect(work.run.context.remainingMs).to.equal(Number.POSITIVE_INFINITY)
    work.run.finish()
    await call
  })
})
