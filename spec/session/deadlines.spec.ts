// How long a call may take: one bound over all attempts, known to both sides, inherited by what a handler calls.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, Client, DeadlineError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, itemsOf, Work, World } from '../setup/world.ts'

class HurriedWork extends Work {
  static override timeoutMs = 2_000
}

/** An item each time it is told to. */
class Ticks extends Action {
  tick: () => void = () => undefined

  async *action() {
    for (let i = 0; ; i++) {
      await new Promise<void>((resolve) => {
        this.tick = resolve
      })
      yield i
    }
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 1; i <= upTo; i++) yield i
    return 'all'
  }
}

/** Reads one item of its input whenever it is told to. */
class SlowReader extends Action {
  readOne: () => void = () => undefined

  async action(items: AsyncIterable<number>) {
    let count = 0
    for await (const _ of items) {
      count++
      await new Promise<void>((resolve) => {
        this.readOne = resolve
      })
    }
    return count
  }
}

describe('the time of a call', () => {
  let world: World
  let work: Work
  let hurried: HurriedWork
  let ticks: Ticks
  let slowReader: SlowReader

  beforeEach(async () => {
    world = new World()
    work = new Work()
    hurried = new HurriedWork()
    ticks = new Ticks()
    slowReader = new SlowReader()
    await world.serve([work, hurried, ticks, new Count(), slowReader])
  })

  afterEach(() => world.close())

  /** When a promise rejects, counted from now, and with what. */
  async function failureTime(
    promise: PromiseLike<unknown>,
  ): Promise<[ms: number, error: Error & Record<string, unknown>]> {
    const startedAt = world.clock.now()
    const error = await world.clock.until(failureOf(promise))
    return [world.clock.now() - startedAt, error]
  }

  it('ends the call for both sides', async () => {
    const [ms, error] = await failureTime(world.client().runAction(Work, undefined, { timeoutMs: 3_000 }))
    expect(ms).to.equal(3_000)
    expect(error).to.be.instanceOf(DeadlineError).and.include({ code: 'DEADLINE_EXCEEDED', notStarted: false })
    expect(error.message).to.equal('action "Work" did not finish within 3000 ms')
    expect(work.run.context.signal.reason).to.be.instanceOf(DeadlineError)
  })

  it('travels as what is left of it', async () => {
    const client = world.client()
    world.network.setReachable('server', false)
    const call = failureOf(client.runAction(Work, undefined, { timeoutMs: 10_000, retry: 1_000 }))
    await world.clock.advance(4_000)
    world.network.setReachable('server', true)
    await world.clock.advance(3_000)
    const { context } = work.run
    expect(context.remainingMs).to.equal(3_000)
    expect((context.deadline as Date).getTime() - Date.now()).to.be.within(2_900, 3_001)
    await world.clock.advance(2_999)
    expect(context.signal.aborted).to.equal(false)
    await world.clock.advance(1)
    expect(context.signal.aborted).to.equal(true)
    expect(context.remainingMs).to.equal(0)
    expect(await call).to.be.instanceOf(DeadlineError)
  })

  it('is over for all attempts together', async () => {
    world.network.judge = (frame, direction) =>
      frame.kind === Kind.Result && direction === 'down' ? 'lose and cut' : 'pass'
    const client = world.client({ retry: 1_000 })
    const failed = failureTime(client.runAction(Work, undefined, { timeoutMs: 30_000 }))
    await settle()
    work.run.finish()
    const [ms, error] = await failed
    expect(ms).to.equal(30_000)
    expect(error).to.be.instanceOf(DeadlineError)
    expect(work.runs).to.have.length(1)
  })

  it('can run out before the call was sent: then it certainly did not start', async () => {
    world.network.setReachable('server', false)
    const client = world.client({ retry: 1_000 })
    const [ms, error] = await failureTime(client.runAction(Work, undefined, { timeoutMs: 1_234 }))
    expect(ms).to.equal(1_234)
    expect(error).to.be.instanceOf(DeadlineError).and.include({ notStarted: true })
    world.network.setReachable('server', true)
    await world.clock.until(client.connect())
    await world.clock.advance(10_000)
    expect(work.runs).to.have.length(0)
  })

  it('has no bound with Infinity, and the handler knows', async () => {
    const call = world.client().runAction(Work, undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    await world.clock.advance(24 * 3_600_000)
    const { context } = work.run
    expect([context.deadline, context.remainingMs, context.signal.aborted]).to.deep.equal([
      undefined,
      Number.POSITIVE_INFINITY,
      false,
    ])
    work.run.finish('at last')
    expect(await call).to.equal('at last')
  })

  it('is that of the call, else of the action, else of the client', async () => {
    const client = world.client({ timeoutMs: 7_000 })
    const times: number[] = []
    for (const call of [
      () => client.runAction(HurriedWork, undefined, { timeoutMs: 500 }),
      () => client.runAction(HurriedWork),
      () => client.runAction(Work),
    ]) {
      times.push((await failureTime(call()))[0])
    }
    expect(times).to.deep.equal([500, 2_000, 7_000])
  })

  it('is a minute of silence where nobody set one, and the handler has none', async () => {
    const failed = failureTime(world.client().runAction(Work))
    await settle()
    expect(work.run.context.deadline).to.equal(undefined)
    const [ms, error] = await failed
    expect(ms).to.equal(60_000)
    expect(error).to.be.instanceOf(DeadlineError)
    expect(work.run.context.signal.aborted).to.equal(true)
  })

  it('starts anew with each item where nobody set one', async () => {
    const call = world.client().runAction(Ticks)
    const items: number[] = []
    const reading = failureOf(
      (async () => {
        for await (const item of call) items.push(item)
      })(),
    )
    for (let i = 0; i < 5; i++) {
      await world.clock.advance(59_000)
      ticks.tick()
    }
    await settle()
    expect(items).to.deep.equal([0, 1, 2, 3, 4])
    const [ms, error] = await failureTime(reading.then((error) => Promise.reject(error)))
    expect(ms).to.equal(60_000)
    expect(error).to.be.instanceOf(DeadlineError)
  })

  it('starts anew while the handler reads input, however slowly', async () => {
    async function* input(): AsyncGenerator<number> {
      for (let i = 0; i < 10; i++) yield i
    }
    const call = world.client().runAction(SlowReader, input())
    await settle()
    for (let i = 0; i < 10; i++) {
      await world.clock.advance(20_000)
      slowReader.readOne()
      await settle()
    }
    slowReader.readOne()
    expect(await world.clock.until(call)).to.equal(10)
  })

  it('does not blame the action for a reader that takes its time', async () => {
    const call = world.client().runAction(Count, 1_000)
    const reading = (async () => {
      let seen = 0
      for await (const _ of call) {
        seen++
        await new Promise<void>((resolve) => world.clock.setTimer(resolve, 1_000))
      }
      return seen
    })()
    expect(await world.clock.until(reading)).to.equal(1_000)
    expect(await call).to.equal('all')
  })

  it('is not moved on by items where somebody set it', async () => {
    const call = world.client().runAction(Ticks, undefined, { timeoutMs: 10_000 })
    const reading = failureOf(itemsOf(call))
    for (let i = 0; i < 4; i++) {
      await world.clock.advance(2_000)
      ticks.tick()
    }
    expect(await failureTime(reading.then((error) => Promise.reject(error)))).to.have.property('0', 2_000)
  })

  it('refuses what is no time, before anything is sent', async () => {
    const client = world.client()
    for (const timeoutMs of [-1, Number.NaN, '5' as never]) {
      const error = await failureOf(client.runAction(Work, undefined, { timeoutMs }))
      expect(error).to.include({ code: 'INVALID_OPTION' })
    }
    expect(() => new Client('memory:server', { timeoutMs: -1 })).to.throw('option timeoutMs')
  })
})
