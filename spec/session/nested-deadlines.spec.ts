// What a handler calls is done within the handler's own time, and cancelled with it.
import { expect } from 'chai'
import { CancelledError, type Client, type Context, DeadlineError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('the time of what a handler calls', () => {
  let world: World
  let work: Work
  let inner: Work
  let caller: Client

  afterEach(() => world.close())

  beforeEach(async () => {
    world = new World()
    work = new Work()
    await world.serve([work])
    inner = new Work()
    await world.serve([inner], {}, 'inner')
    caller = world.client({}, 'inner')
  })

  async function expectInherited(nested: (context: Context) => Promise<unknown>, timeoutMs = 5_000): Promise<void> {
    const client = world.client()
    const outer = client.runAction(Work, undefined, { timeoutMs })
    const failed = failureOf(outer)
    await settle()
    await world.clock.advance(1_000)
    const innerFailed = failureOf(nested(work.run.context))
    await settle()
    expect(inner.run.context.remainingMs).to.equal(timeoutMs - 1_000)
    outer.cancel()
    await settle()
    expect(inner.run.context.signal.aborted).to.equal(true)
    expect(await innerFailed).to.be.instanceOf(CancelledError)
    expect(await failed).to.be.instanceOf(CancelledError)
  }

  it('is inherited with { parent: context }', () =>
    expectInherited((context) => caller.runAction(Work, undefined, { parent: context })))

  it('is not made longer by an own bound', () =>
    expectInherited((context) => caller.runAction(Work, undefined, { parent: context, timeoutMs: 60_000 })))

  it('may be shorter', async () => {
    const outer = failureOf(world.client().runAction(Work, undefined, { timeoutMs: 5_000 }))
    await settle()
    const parent = work.run.context
    const startedAtMs = world.clock.now()
    await world.clock.until(failureOf(caller.runAction(Work, undefined, { parent, timeoutMs: 700 })))
    expect(world.clock.now() - startedAtMs).to.equal(700)
    await world.clock.until(outer)
  })

  it('is inherited by context.client', async () => {
    const client = world.client()
    const asked = new Work()
    client.addActions({ ask: (data: unknown, context: Context) => asked.action(data, context) })
    const outer = client.runAction(Work, undefined, { timeoutMs: 5_000 })
    await settle()
    await world.clock.advance(1_000)
    const innerFailed = failureOf(work.run.context.client.runAction('ask'))
    await settle()
    expect(asked.run.context.remainingMs).to.equal(4_000)
    const failed = failureOf(outer)
    await world.clock.advance(4_000)
    expect(asked.run.context.signal.aborted).to.equal(true)
    expect(await failed).to.be.instanceOf(DeadlineError)
    await innerFailed
  })

  it('sends nothing for a run that was cancelled', async () => {
    const outer = world.client().runAction(Work)
    await settle()
    outer.cancel()
    await failureOf(outer)
    await settle()
    const error = await failureOf(caller.runAction(Work, undefined, { parent: work.run.context }))
    expect(error).to.be.instanceOf(CancelledError).and.include({ notStarted: true })
    expect(inner.runs).to.have.length(0)
  })
})
