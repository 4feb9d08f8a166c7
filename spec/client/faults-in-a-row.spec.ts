// Faults are counted in a row: a link over which a call made progress gives its retries back.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import {
  Action,
  type Client,
  type Context,
  OutcomeUnknownError,
  Process,
  type ProcessContext,
} from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

class Ticks extends Action {
  action = async function* (_data: undefined, context: Context): AsyncGenerator<number, string> {
    for (let i = 0; i < 30; i++) {
      yield i
      await new Promise<void>((resolve) => void ticks.push(resolve))
      if (context.signal.aborted) return 'aborted'
    }
    return 'all'
  }
}
const ticks: (() => void)[] = []

describe('faults in a row', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
    ticks.length = 0
  })

  afterEach(() => world.close())

  async function cut(): Promise<void> {
    world.network.wire.cut()
    await world.clock.advance(2_500)
  }

  it('do not end a stream that goes on after each of them', async () => {
    await world.serve([new Ticks()])
    const call = world.client().runAction(Ticks)
    const items: number[] = []
    const reading = (async () => {
      for await (const item of call) items.push(item as number)
      return call
    })()
    for (let i = 0; i < 30; i++) {
      await settle()
      ticks.shift()?.()
      await settle()
      if (i % 3 === 0) await cut()
    }
    expect(await reading).to.equal('all')
    expect(items).to.have.length(30)
    expect(world.network.wires.length).to.be.greaterThan(10)
  })

  it('do not end an upload that goes on after each of them', async () => {
    class Sum extends Action<AsyncIterable<number>, number> {
      override async action(numbers: AsyncIterable<number>): Promise<number> {
        let sum = 0
        for await (const n of numbers) sum += n
        return sum
      }
    }
    await world.serve([new Sum()], { limits: { streamWindowBytes: 4_096 } })
    const client = world.client()
    async function* numbers(): AsyncGenerator<number> {
      for (let i = 0; i < 30; i++) {
        yield i
        await new Promise<void>((resolve) => void ticks.push(resolve))
      }
    }
    const call = client.runAction(Sum, numbers())
    for (let i = 0; i < 30; i++) {
      await settle()
      ticks.shift()?.()
      await settle()
      if (i % 3 === 0) await cut()
    }
    expect(await world.clock.until(call)).to.equal(435)
  })

  it('do not end a quiet call while later calls are answered in between', async () => {
    await world.serve([work])
    const client = world.client()
    const long = client.runAction(Work, 'long')
    for (let i = 0; i < 10; i++) {
      await settle()
      const quick = client.runAction(Work, i)
      await settle()
      work.runs.at(-1)?.finish()
      await quick
      await cut()
    }
    work.runs[0]?.finish('done')
    expect(await long).to.equal('done')
  })

  it('do not end a quiet call over links that stand for long', async () => {
    await world.serve([work])
    const call = world.client().runAction(Work, 'long', { timeoutMs: Number.POSITIVE_INFINITY })
    await settle()
    for (let i = 0; i < 10; i++) {
      await world.clock.advance(60_000)
      await cut()
    }
    work.run.finish('done')
    expect(await call).to.equal('done')
  })

  it('end a call that breaks each link', async () => {
    await world.serve([work])
    const client = world.client({ retry: 3 })
    let breaks = 0
    world.network.judge = (frame) => {
      if (frame.kind !== Kind.Call || frame.seq !== poisonSeq) return 'pass'
      breaks++
      return 'lose and cut'
    }
    let poisonSeq = -1
    const quiet = client.runAction(Work, 'before', { retry: 100 })
    await settle()
    poisonSeq = quiet.id + 1
    const error = await world.clock.until(failureOf(client.runAction(Work, 'poison')))
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(breaks).to.equal(4)
    work.run.finish('answered')
    expect(await world.clock.until(quiet)).to.equal('answered')
  })

  it('still end a call that makes no progress after as many as it has retries', async () => {
    await world.serve([work])
    const failed = failureOf(world.client({ retry: 3 }).runAction(Work))
    await settle()
    for (let i = 0; i < 4; i++) await cut()
    expect(await failed).to.be.instanceOf(OutcomeUnknownError)
  })

  it('end neither a subscription nor a listener, which have no retries to lose', async () => {
    class Quiet extends Process {
      override run({ output, signal }: ProcessContext): Promise<void> {
        say = (data) => output.send('said', data)
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      }
    }
    let say: (event: unknown) => void = () => undefined
    const server = await world.serve([])
    server.addProcess('quiet', new Quiet())
    const client: Client = world.client()
    const events: unknown[] = []
    const listening = client.onProcess('quiet', (event) => void events.push(event))
    await world.clock.until(listening.ready)
    for (let i = 0; i < 8; i++) await cut()
    say('still there')
    await settle()
    expect(events).to.have.length(1)
    expect(listening.gapCount).to.equal(0)
    listening.stop()
    await listening.done
  })
})
