// Data of calls in flight: what a callee would refuse waits at its caller, which was told how much is taken.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { type Client, type Context, OutcomeUnknownError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('data of calls in flight', () => {
  let world: World
  let work: Work
  let client: Client

  beforeEach(async () => {
    world = new World()
    work = new Work()
    await world.serve([work], { limits: { maxInFlightBytes: 1_000 } })
    client = world.client({ retry: 0 })
    await client.connect()
  })

  afterEach(() => world.close())

  const started = (): unknown[] => work.runs.map(({ data }) => (data as string)[0])
  const call = (name: string, size = 600): Promise<unknown> => client.runAction(Work, name.padEnd(size)).then(String)

  async function finish(run: number): Promise<void> {
    work.runs[run]?.finish(run)
    await settle()
  }

  it('is sent up to what the callee takes, in order, and none is refused', async () => {
    const calls = ['a', 'b', 'c', 'd'].map((name) => call(name, 400))
    await settle()
    expect(started()).to.deep.equal(['a', 'b'])
    expect(world.network.wire.sent(Kind.Call, 'up')).to.have.length(2)
    for (let run = 0; run < 4; run++) await finish(run)
    expect(started()).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(await Promise.all(calls)).to.deep.equal(['0', '1', '2', '3'])
  })

  it('keeps small calls behind large ones in their order', async () => {
    const calls = [call('a'), call('b'), call('c', 10)]
    await settle()
    expect(started()).to.deep.equal(['a'])
    await finish(0)
    expect(started()).to.deep.equal(['a', 'b', 'c'])
    await finish(1)
    await finish(2)
    await Promise.all(calls)
  })

  it('is sent alone where it is more than the callee takes', async () => {
    const calls = [call('a', 5_000), call('b', 5_000)]
    await settle()
    expect(started()).to.deep.equal(['a'])
    await finish(0)
    expect(started()).to.deep.equal(['a', 'b'])
    await finish(1)
    await Promise.all(calls)
  })

  it('counts until the callee has answered, also where its caller gave up', async () => {
    const abandoned = client.runAction(Work, 'a'.padEnd(600))
    await settle()
    abandoned.cancel()
    await failureOf(abandoned)
    const next = call('b')
    await settle()
    expect(started()).to.deep.equal(['a'])
    await finish(0)
    expect(started()).to.deep.equal(['a', 'b'])
    await finish(1)
    await next
  })

  it('that is too much keeps no smaller calls waiting when it is cancelled, or late', async () => {
    const calls = [call('a')]
    const large = client.runAction(Work, 'b'.padEnd(600))
    calls.push(call('c', 100))
    large.cancel()
    await failureOf(large)
    await settle()
    expect(started()).to.deep.equal(['a', 'c'])
    const late = failureOf(client.runAction(Work, 'd'.padEnd(600), { timeoutMs: 1_000 }))
    calls.push(call('e', 100))
    await world.clock.advance(1_000)
    expect(await late).to.include({ code: 'DEADLINE_EXCEEDED', notStarted: true })
    expect(started()).to.deep.equal(['a', 'c', 'e'])
    for (let run = 0; run < 3; run++) await finish(run)
    await Promise.all(calls)
  })

  it('of a session that is lost does not count in the next one', async () => {
    const lost = call('a')
    await settle()
    world.network.crash('server')
    await world.serve([work], { limits: { maxInFlightBytes: 1_000 } })
    expect(await world.clock.until(failureOf(lost))).to.be.instanceOf(OutcomeUnknownError)
    const next = call('b')
    await world.clock.advance(10_000)
    expect(started()).to.deep.equal(['a', 'b'])
    work.runs[0]?.finish()
    await finish(1)
    await next
  })

  it('is held back by a server for its client, too', async () => {
    const asked = new Work()
    const asking = world.client({ limits: { maxInFlightBytes: 1_000 } })
    asking.addActions({ ask: (data: unknown, context: Context) => asked.action(data, context) })
    const outer = asking.runAction(Work, 'outer')
    await settle()
    const { context } = work.run
    const calls = ['a', 'b'].map((name) => context.client.runAction('ask', name.padEnd(600), { retry: 0 }))
    await settle()
    expect(asked.runs).to.have.length(1)
    asked.runs[0]?.finish()
    await settle()
    expect(asked.runs).to.have.length(2)
    asked.runs[1]?.finish()
    await Promise.all(calls)
    work.run.finish()
    await outer
  })
})
