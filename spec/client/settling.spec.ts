// Every promise settles, whatever happens, and nothing is left behind: no timer, no open call.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { CancelledError, type Client, ClientError, DeadlineError, type Server } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('every call settles', () => {
  let world: World
  let work: Work
  let client: Client
  let server: Server

  beforeEach(async () => {
    world = new World()
    work = new Work()
    server = await world.serve([work], { limits: { maxCallsInFlight: 2 } })
    client = world.client()
  })

  afterEach(() => world.close())

  /** Two calls that run and two that wait for a slot. */
  async function startCalls(): Promise<Promise<Error & Record<string, unknown>>[]> {
    const calls = [1, 2, 3, 4].map((i) => failureOf(client.runAction(Work, i)))
    await settle()
    expect(work.runs).to.have.length(2)
    return calls
  }

  async function kinds(calls: Promise<Error & Record<string, unknown>>[]): Promise<unknown[]> {
    const errors = await world.clock.until(Promise.all(calls))
    return errors.map(({ name, code, notStarted }) => [name, code, notStarted])
  }

  const unknown = ['OutcomeUnknownError', 'OUTCOME_UNKNOWN', false]
  const closed = ['ClientError', 'CLOSED', true]

  it('when its client is closed: sent ones of unknown outcome, others not started', async () => {
    const calls = await startCalls()
    await client.close()
    expect(await kinds(calls)).to.deep.equal([unknown, unknown, closed, closed])
    await settle()
    expect(work.runs.every((run) => run.context.signal.aborted)).to.equal(true)
    for (const run of work.runs) run.finish()
  })

  it('when its client is closed without a link', async () => {
    const calls = await startCalls()
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await settle()
    await client.close()
    expect(await kinds(calls)).to.deep.equal([unknown, unknown, closed, closed])
  })

  it('when its client is closed while it connects', async () => {
    const { network, clock } = world
    network.listen('mute', () => undefined)
    for (const name of ['mute', 'nowhere']) {
      const connecting = world.client({}, name)
      const call = failureOf(connecting.runAction(Work))
      const connected = failureOf(connecting.connect())
      await settle()
      await connecting.close()
      expect(await call).to.include({ code: 'CLOSED', notStarted: true })
      expect(await connected).to.include({ code: 'CLOSED', notStarted: true })
    }
    await client.close()
    expect(clock.pendingCount).to.equal(0)
  })

  it('when its client is closed while it waits after a refusal', async () => {
    const busy = new Work()
    await world.serve([busy], { limits: { maxRunningCalls: 1 } }, 'busy')
    const refused = world.client({ random: () => 1, backoff: { minMs: 1_000 } }, 'busy')
    const running = failureOf(refused.runAction(Work, 'x'.repeat(90)))
    await settle()
    const parked = failureOf(refused.runAction(Work, 'y'.repeat(90)))
    await settle()
    await refused.close()
    // At once: no time passes.
    expect(await running).to.include({ code: 'OUTCOME_UNKNOWN' })
    expect(await parked).to.include({ code: 'CLOSED', notStarted: true })
    expect(busy.runs).to.have.length(1)
    busy.run.finish()
  })

  it('when its client is closed and a dial that does not listen to its signal succeeds after all', async () => {
    let connect: () => void = () => undefined
    const { network } = world
    const slow = world.client({
      dial: () =>
        new Promise((resolve) => {
          connect = () => resolve(network.dial('server'))
        }),
    })
    const call = failureOf(slow.runAction(Work))
    await settle()
    await slow.close()
    expect(await call).to.include({ code: 'CLOSED' })
    connect()
    await settle()
    expect(network.wire.sent(Kind.Hello, 'up')).to.have.length(0)
    expect(server.sessions).to.have.length(0)
  })

  it('when the link is lost for good', async () => {
    const calls = await startCalls()
    world.network.setReachable('server', false)
    world.network.wire.cut()
    const unreachable = ['ClientError', 'UNREACHABLE', true]
    expect(await kinds(calls)).to.deep.equal([unknown, unknown, unreachable, unreachable])
  })

  it('when the link dies without a word', async () => {
    const calls = await startCalls()
    world.network.setReachable('server', false)
    world.network.wire.cut('silent')
    const unreachable = ['ClientError', 'UNREACHABLE', true]
    expect(await kinds(calls)).to.deep.equal([unknown, unknown, unreachable, unreachable])
  })

  it('when the time is up, and when it is cancelled', async () => {
    const late = failureOf(client.runAction(Work, 1, { timeoutMs: 100 }))
    const cancelled = client.runAction(Work, 2)
    await settle()
    cancelled.cancel()
    await world.clock.advance(100)
    expect(await late).to.be.instanceOf(DeadlineError)
    expect(await failureOf(cancelled)).to.be.instanceOf(CancelledError)
    for (const run of work.runs) run.finish()
    await settle()
    expect(client.isConnected).to.equal(true)
  })

  it('when the server is shut down', async () => {
    const calls = await startCalls()
    await world.clock.until(server.shutdown({ graceMs: 100 }))
    const unreachable = ['ClientError', 'UNREACHABLE', true]
    expect(await kinds(calls)).to.deep.equal([unknown, unknown, unreachable, unreachable])
  })

  it('each with an error of its own', async () => {
    const calls = await startCalls()
    await client.close()
    const errors = await Promise.all(calls)
    expect(new Set(errors).size).to.equal(4)
  })

  longIt('many at once, in no time', async () => {
    world.network.setReachable('server', false)
    const idle = world.client({ retry: Number.POSITIVE_INFINITY })
    const calls = Array.from({ length: 20_000 }, () => failureOf(idle.runAction(Work)))
    const before = process.cpuUsage()
    await idle.close()
    for (const error of await Promise.all(calls)) expect(error).to.include({ code: 'CLOSED' })
    // Of the processor, which other processes of the machine may have meanwhile.
    expect(process.cpuUsage(before).user / 1_000).to.be.lessThan(3_000)
  })

  it('with CLOSED when it is made after the close', async () => {
    await client.connect()
    await client.close()
    const error = await failureOf(client.runAction(Work))
    expect(error).to.be.instanceOf(ClientError).and.include({ code: 'CLOSED', notStarted: true })
    expect(await failureOf(client.connect())).to.include({ code: 'CLOSED' })
    expect(work.runs).to.have.length(0)
  })

  it('and closing twice, or at once, is fine', async () => {
    const calls = await startCalls()
    await Promise.all([client.close(), client.close()])
    await client.close()
    await client[Symbol.asyncDispose]()
    await Promise.all(calls)
    for (const run of work.runs) run.finish()
  })

  it('and a client that never connected closes', async () => {
    await world.client().close()
  })

  it('and outcome() never rejects', async () => {
    const calls = [client.runAction(Work), client.runAction(Work)]
    await settle()
    work.runs[0]?.finish(0)
    work.runs[1]?.fail(null)
    const outcomes = await Promise.all(calls.map((call) => call.outcome()))
    expect(outcomes).to.deep.equal([
      { ok: true, value: 0 },
      { ok: false, error: null },
    ])
  })
})
