// What a client tries again, how often, how long it waits, and where.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { ActionError, BusyError, Client, ClientError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('retrying', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  it('connects four times, then gives up with the cause', async () => {
    const error = await world.clock.until(failureOf(world.client().runAction(Work)))
    expect(world.network.dials).to.have.length(4)
    expect(error).to.be.instanceOf(ClientError).and.include({ code: 'UNREACHABLE', notStarted: true })
    expect(error.message).to.equal('action "Work" could not be sent: memory:server is unreachable')
    expect(error.cause).to.be.instanceOf(Error)
  })

  it('connects once with retry: 0', async () => {
    const error = await world.clock.until(failureOf(world.client({ retry: 0 }).runAction(Work)))
    expect(world.network.dials).to.have.length(1)
    expect(error).to.include({ code: 'UNREACHABLE' })
  })

  it('counts for each call by itself', async () => {
    const client = world.client()
    const calls = [client.runAction(Work, 1, { retry: 1 }), client.runAction(Work, 2, { retry: 5 })]
    const failed = calls.map((call) => failureOf(call).then(() => world.network.dials.length))
    expect(await world.clock.until(Promise.all(failed))).to.deep.equal([2, 6])
  })

  it('gives up connect() likewise', async () => {
    const error = await world.clock.until(failureOf(world.client({ retry: 2 }).connect()))
    expect(world.network.dials).to.have.length(3)
    expect(error).to.include({ code: 'UNREACHABLE', notStarted: true })
  })

  it('stops trying when nobody waits any more, and begins again when somebody does', async () => {
    const client = world.client()
    await world.clock.until(failureOf(client.runAction(Work)))
    const { length } = world.network.dials
    await world.clock.advance(600_000)
    expect(world.network.dials).to.have.length(length)
    await world.serve([work])
    const call = client.runAction(Work)
    await world.clock.advance(5_000)
    work.run.finish('there')
    expect(await call).to.equal('there')
  })

  it('never repeats what the action threw, whatever it is', async () => {
    await world.serve([work])
    const client = world.client()
    const thrown = [
      new ActionError('no'),
      new BusyError('busy elsewhere'),
      new ClientError('down', { code: 'UNREACHABLE', notStarted: true }),
    ]
    for (const [i, error] of thrown.entries()) {
      const failed = failureOf(client.runAction(Work))
      await world.clock.advance(1_000)
      work.runs[i]?.fail(error)
      expect(await failed).to.include({ message: error.message, notStarted: false })
    }
    await world.clock.advance(60_000)
    expect(work.runs).to.have.length(3)
  })

  it('tries again what a busy server refused, after a wait that grows', async () => {
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client({ random: () => 1, retry: 5 })
    const first = client.runAction(Work, 'x'.repeat(900))
    await settle()
    const second = client.runAction(Work, 'y'.repeat(900))
    const sentAtMs: number[] = []
    const startedAtMs = world.clock.now()
    world.network.judge = (frame, direction) => {
      if (frame.kind === Kind.Failure && direction === 'down') sentAtMs.push(world.clock.now() - startedAtMs)
      return 'pass'
    }
    await world.clock.advance(900)
    expect(sentAtMs).to.deep.equal([0, 100, 300, 700])
    work.runs[0]?.finish('first')
    expect(await first).to.equal('first')
    await world.clock.advance(800)
    work.runs[1]?.finish('second')
    expect(await second).to.equal('second')
  })

  /** A server that is busy with a call for as long as the spec wants. */
  async function serveBusy(): Promise<{ client: Client; first: PromiseLike<unknown> }> {
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client()
    const first = client.runAction(Work, 'x'.repeat(900), { timeoutMs: Number.POSITIVE_INFINITY })
    await settle()
    return { client, first }
  }

  it('spends no retry on a busy server: the call waits as long as it has time', async () => {
    const { client, first } = await serveBusy()
    const call = client.runAction(Work, 'y'.repeat(900), { retry: 1 })
    await world.clock.advance(50_000)
    expect(world.network.wire.sent(Kind.Failure, 'down').length).to.be.greaterThan(10)
    work.run.finish()
    await first
    await world.clock.advance(5_000)
    work.runs[1]?.finish('second')
    expect(await call).to.equal('second')
  })

  it('says at the end of its time why a busy server did not start it', async () => {
    const { client, first } = await serveBusy()
    const error = await world.clock.until(failureOf(client.runAction(Work, 'y'.repeat(900), { timeoutMs: 90_000 })))
    expect(error).to.include({ code: 'DEADLINE_EXCEEDED', notStarted: true })
    expect(error.cause).to.be.instanceOf(BusyError)
    expect(error.message).to.include((error.cause as Error).message)
    expect(work.runs).to.have.length(1)
    work.run.finish()
    await first
  })

  it('gives the refusal of a busy server back after a minute where a call has no time limit', async () => {
    const { client, first } = await serveBusy()
    const startedAtMs = world.clock.now()
    const call = client.runAction(Work, 'y'.repeat(900), { timeoutMs: Number.POSITIVE_INFINITY })
    const error = await world.clock.until(failureOf(call))
    expect(error).to.be.instanceOf(BusyError).and.include({ notStarted: true })
    expect(world.clock.now() - startedAtMs).to.be.within(60_000, 61_000)
    work.run.finish()
    await first
  })

  it('gives the refusal of a busy server back immediately with retry: 0', async () => {
    const { client, first } = await serveBusy()
    expect(await failureOf(client.runAction(Work, 'y'.repeat(900), { retry: 0 }))).to.be.instanceOf(BusyError)
    expect(world.network.wire.sent(Kind.Failure, 'down')).to.have.length(1)
    work.run.finish()
    await first
  })

  it('submits many refused calls soon after each other as soon as the server takes some', async () => {
    await world.serve([work], { limits: { maxRunningCalls: 2 } })
    const client = world.client()
    const calls = Array.from({ length: 40 }, (_, i) => client.runAction(Work, i))
    const startedAtMs = world.clock.now()
    let finished = 0
    for (let turn = 0; turn < 2_000 && finished < 40; turn++) {
      await world.clock.advance(10)
      for (const run of work.runs.splice(0)) {
        run.finish(run.data)
        finished++
      }
    }
    expect(await Promise.all(calls)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i))
    // Each wait is a first one, of 50 ms: the line gets on.
    expect(world.clock.now() - startedAtMs).to.be.below(3_000)
  })

  it('bounds the calls that wait behind refused ones', async () => {
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client({ limits: { maxQueuedCalls: 3 } })
    const calls = [client.runAction(Work)]
    await settle()
    calls.push(client.runAction(Work, 'refused'))
    await settle()
    calls.push(client.runAction(Work), client.runAction(Work))
    expect(await failureOf(client.runAction(Work))).to.include({ code: 'QUEUE_FULL', notStarted: true })
    for (const call of calls.slice(1)) call.cancel()
    for (const call of calls.slice(1)) await failureOf(call)
    work.run.finish()
    await calls[0]
  })

  it('lets a call that waits after a refusal be cancelled, or run out of time', async () => {
    await world.serve([work], { limits: { maxRunningCalls: 1 } })
    const client = world.client({ random: () => 1, backoff: { minMs: 1_000 } })
    const first = client.runAction(Work, 'x'.repeat(900))
    await settle()
    const cancelled = client.runAction(Work, 'y'.repeat(900))
    const late = failureOf(client.runAction(Work, 'z'.repeat(900), { timeoutMs: 400 }))
    await settle()
    cancelled.cancel()
    expect(await failureOf(cancelled)).to.include({ code: 'CANCELLED', notStarted: true })
    await world.clock.advance(400)
    expect(await late).to.include({ code: 'DEADLINE_EXCEEDED', notStarted: true })
    work.run.finish()
    await first
    await world.clock.advance(60_000)
    expect(work.runs).to.have.length(1)
  })

  it('goes to the next address when the first is unreachable', async () => {
    await world.serve([work], {}, 'b')
    const call = world.client({ retry: 0 }, 'a', 'b').runAction(Work)
    await settle()
    work.run.finish('from b')
    expect(await call).to.equal('from b')
    expect(world.network.dials).to.deep.equal(['a', 'b'])
  })

  it('fails over to another address when its server is gone for good', async () => {
    const others = new Work()
    await world.serve([work], {}, 'a')
    await world.serve([others], {}, 'b')
    const client = world.client({}, 'a', 'b')
    const first = client.runAction(Work)
    await settle()
    work.run.finish()
    await first
    world.network.crash('a')
    await settle()
    const second = client.runAction(Work, 'second')
    await world.clock.advance(5_000)
    others.run.finish('from b')
    expect(await second).to.equal('from b')
  })

  it('comes back to the server of its session first', async () => {
    await world.serve([work], {}, 'b')
    const client = world.client({}, 'a', 'b')
    const call = client.runAction(Work)
    await settle()
    world.network.wire.cut()
    await world.clock.advance(5_000)
    work.run.finish('same session')
    expect(await call).to.equal('same session')
    expect(world.network.dials).to.deep.equal(['a', 'b', 'b'])
  })

  it('waits between attempts as the backoff says', async () => {
    const dialledAtMs: number[] = []
    const startedAtMs = world.clock.now()
    const client = world.client({
      retry: 4,
      random: () => 1,
      backoff: { minMs: 10, maxMs: 50, factor: 2 },
      dial: () => {
        dialledAtMs.push(world.clock.now() - startedAtMs)
        return Promise.reject(new Error('no'))
      },
    })
    await world.clock.until(failureOf(client.connect()))
    expect(dialledAtMs).to.deep.equal([0, 10, 30, 70, 120])
  })

  it('does not hammer a server that lets it in and hangs up at once', async () => {
    await world.serve([work])
    world.network.judge = (frame) => (frame.kind === Kind.Call ? 'lose and cut' : 'pass')
    const client = world.client({ retry: 20, random: () => 1 })
    const failed = failureOf(client.runAction(Work))
    await world.clock.advance(3_000)
    expect(world.network.wires.length).to.be.within(3, 7)
    await world.clock.until(failed)
  })

  it('gives up on a server that does not answer HELLO', async () => {
    world.network.listen('mute', () => undefined)
    const error = await world.clock.until(failureOf(world.client({ retry: 0 }, 'mute').connect()))
    expect(error.message).to.match(/: memory:mute did not answer within 5000 ms/)
  })

  it('refuses options that are no counts', () => {
    for (const retry of [-1, 1.5, Number.NaN, '3' as never]) {
      expect(() => new Client('memory:server', { retry })).to.throw('option retry')
    }
  })
})
