// What a harness has for tests beside its server and client: virtual time, a network that breaks, crashes, recorded calls, stubs.
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { Action, Client, type Context, OutcomeUnknownError } from 'isock'
import { createHarness, settle, VirtualClock, VirtualNetwork } from 'isock/testing'
import { z } from 'zod'
import { failureOf } from '../setup/world.ts'

class Slow extends Action {
  static runs = 0

  action(_: unknown, { signal }: Context) {
    Slow.runs++
    return new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('aborted')))
  }
}

class Add extends Action {
  static override input = z.object({ a: z.number(), b: z.number() })
  static override idempotent = true

  action({ a, b }: { a: number; b: number }) {
    return a + b
  }
}

class Counter extends Action {
  #count = 0

  action() {
    return ++this.#count
  }
}

describe('a harness in virtual time', () => {
  it('lets deadlines pass without waiting', async () => {
    const clock = new VirtualClock({ startsAt: new Date('2030-01-01') })
    await using harness = await createHarness({ actions: [new Slow()], clock })
    const late = harness.client.runAction(Slow, 1, { timeoutMs: 30_000 }).outcome()
    await clock.advance(30_000)
    const outcome = await late
    expect(!outcome.ok && outcome.error.code).to.equal('DEADLINE_EXCEEDED')
    expect(new Date(clock.wallNow()).toISOString()).to.match(/^2030-01-01T00:00:30/)
  })

  it('delays what is sent', async () => {
    const clock = new VirtualClock()
    await using harness = await createHarness({ actions: [new Add()], clock, latencyMs: 50 })
    const startedAtMs = clock.now()
    expect(await clock.until(harness.client.runAction(Add, { a: 1, b: 2 }))).to.equal(3)
    expect(clock.now() - startedAtMs).to.equal(100)
  })

  it('behaves alike for the same seed', async () => {
    const timeOf = async (seed: number): Promise<number> => {
      const clock = new VirtualClock()
      await using harness = await createHarness({ actions: [new Add()], clock, latencyMs: [1, 40], seed })
      for (let i = 0; i < 30; i++) await clock.until(harness.client.runAction(Add, { a: i, b: i }))
      return clock.now()
    }
    expect(await timeOf(7)).to.equal(await timeOf(7))
    expect(await timeOf(8)).to.not.equal(await timeOf(7))
  })

  it('stalls, and then delivers', async () => {
    const clock = new VirtualClock()
    await using harness = await createHarness({ actions: [new Add()], clock })
    harness.network.stall(2_000)
    const startedAtMs = clock.now()
    expect(await clock.until(harness.client.runAction(Add, { a: 1, b: 2 }))).to.equal(3)
    expect(clock.now() - startedAtMs).to.be.within(2_000, 4_000)
  })

  for (const how of ['reset', 'finish', 'half', 'silent'] as const) {
    it(`outlives a connection that is cut: ${how}`, async () => {
      const clock = new VirtualClock()
      const harness = await createHarness({ actions: [new Add()], clock, client: { random: () => 0.5 } })
      harness.network.cut(how)
      expect(await clock.until(harness.client.runAction(Add, { a: 1, b: 2 }))).to.equal(3)
      await clock.advance(120_000)
      expect(harness.network.connections).to.have.length(1)
      await harness.close()
      await settle()
      expect(harness.network.connections).to.deep.equal([])
      expect(clock.pendingCount).to.equal(0)
    })
  }

  it('crashes: what ran has an unknown outcome, what may run again does', async () => {
    const clock = new VirtualClock()
    await using harness = await createHarness({ actions: [new Slow(), new Add()], clock })
    const former = harness.server
    const lost = failureOf(harness.client.runAction(Slow, 1))
    await settle()
    harness.crash()
    const waiting = harness.client.runAction(Add, { a: 1, b: 2 })
    await clock.advance(1_000)
    await harness.restart()
    expect(harness.server).to.not.equal(former)
    expect(await clock.until(waiting)).to.equal(3)
    expect(await clock.until(lost)).to.be.an.instanceOf(OutcomeUnknownError)
  })

  it('is not reachable at a restart until the former server has left its name', async () => {
    await using harness = await createHarness({ actions: [new Add()] })
    const name = harness.address.replace('memory:', '')
    const restarted = harness.restart()
    expect(() => harness.network.dial(name)).to.throw('no server listens there')
    await restarted
    expect(await harness.client.runAction(Add, { a: 1, b: 2 })).to.equal(3)
  })

  it('makes its actions again at a restart, where it has a function for them', async () => {
    const clock = new VirtualClock()
    await using harness = await createHarness({ actions: () => [new Counter()], clock })
    await harness.client.runAction(Counter)
    expect(await harness.client.runAction(Counter)).to.equal(2)
    await harness.restart()
    expect(await clock.until(harness.client.runAction(Counter))).to.equal(1)
  })

  it('says when nothing more happens', async () => {
    const clock = new VirtualClock()
    const error = await failureOf(clock.until(new Promise(() => undefined), 50))
    expect(error.message).to.equal('nothing more happens within 50 virtual ms')
  })
})

describe('the calls of a harness', () => {
  it('are recorded with their outcomes', async () => {
    await using harness = await createHarness({
      actions: { add: ({ a, b }: { a: number; b: number }) => a + b, fail: () => Promise.reject(new Error('no')) },
      record: true,
    })
    await harness.client.runAction('add', { a: 1, b: 2 })
    await harness.client.runAction('fail').outcome()
    expect(harness.calls.map(({ name, data }) => [name, data])).to.deep.equal([
      ['add', { a: 1, b: 2 }],
      ['fail', undefined],
    ])
    expect(harness.callsOf('add')[0]?.outcome).to.deep.equal({ ok: true, value: 3 })
    const failed = harness.callsOf('fail')[0]?.outcome
    expect(failed?.ok === false && (failed.error as Error).message).to.equal('no')
  })

  it('have no outcome while they run, and are of a class', async () => {
    await using harness = await createHarness({ actions: [new Slow()], record: true })
    const call = harness.client.runAction(Slow, 7)
    await settle()
    await settle()
    const [recorded] = harness.callsOf(Slow)
    expect(recorded).to.include({ data: 7, outcome: undefined })
    call.cancel()
    await call.outcome()
  })
})

describe('a harness that records nothing', () => {
  it('says how it would, when it is asked for its calls', async () => {
    await using harness = await createHarness()
    expect(() => harness.calls).to.throw(/record: true/)
    expect(() => harness.callsOf(Add)).to.throw(/record: true/)
  })
})

describe('a stub', () => {
  it('runs in the place of an action, with its schemas, until it is taken out', async () => {
    await using harness = await createHarness({ actions: [new Add()] })
    const restore = harness.stub(Add, ({ a }) => a * 100)
    expect(await harness.client.runAction(Add, { a: 1, b: 2 })).to.equal(100)
    const refused = await failureOf(harness.client.runAction(Add, { a: 'one' as never, b: 2 }))
    expect(refused).to.include({ code: 'INVALID_INPUT' })
    restore()
    restore()
    expect(await harness.client.runAction(Add, { a: 1, b: 2 })).to.equal(3)
  })

  it('stands in for what the server does not have, streams, and outlives a restart', async () => {
    class Feed extends Action<number, string, number> {}
    await using harness = await createHarness()
    const restore = harness.stub(Feed, async function* (count) {
      for (let i = 0; i < count; i++) yield i
      return 'done'
    })
    await harness.restart()
    const items: number[] = []
    for await (const item of harness.client.runAction(Feed, 3)) items.push(item)
    expect(items).to.deep.equal([0, 1, 2])
    restore()
    expect(harness.server.hasAction(Feed)).to.equal(false)
  })

  it('replaces one of a tree by its name, and a stub', async () => {
    await using harness = await createHarness({ actions: { math: { add: new Add() } } })
    harness.stub('math.add', () => 1)
    const restore = harness.stub('math.add', () => 2)
    expect(await harness.client.runAction('math.add', { a: 5, b: 5 })).to.equal(2)
    restore()
    expect(await harness.client.runAction('math.add', { a: 5, b: 5 })).to.equal(10)
  })
})

describe('a virtual network', () => {
  it("delivers outside its writer's asynchronous context, as a socket does", async () => {
    const user = new AsyncLocalStorage<string>()
    const network = new VirtualNetwork()
    const seen: unknown[] = []
    const quiet = { onDrain: () => undefined, onEnd: () => undefined }
    network.listen('here', (link) => link.open({ ...quiet, onBytes: () => seen.push(user.getStore()) }))
    const link = network.dial('here')
    user.run('ada', () => link.write([Uint8Array.of(1)]))
    await settle()
    expect(seen).to.deep.equal([undefined])
    await link.close('abort')
  })

  for (const [how, arrives] of [
    ['reset', false],
    ['silent', false],
    ['finish', true],
  ] as const) {
    it(`${arrives ? 'delivers' : 'loses'} what is on its way when it is cut: ${how}`, async () => {
      const clock = new VirtualClock()
      const network = new VirtualNetwork({ clock, latencyMs: 50 })
      const told: string[] = []
      const quiet = { onDrain: () => undefined, onEnd: () => told.push('end') }
      network.listen('here', (link) => link.open({ ...quiet, onBytes: (bytes) => told.push(String(bytes)) }))
      const link = network.dial('here')
      link.open({ ...quiet, onBytes: () => undefined })
      link.write([Uint8Array.of(7)])
      await clock.advance(10)
      network.cut(how)
      await clock.advance(60)
      expect(told).to.deep.equal(arrives ? ['7', 'end', 'end'] : how === 'silent' ? [] : ['end', 'end'])
      await link.close('abort')
    })
  }

  it('refuses impossible latencies, and names that nobody listens at', async () => {
    expect(() => new VirtualNetwork({ latencyMs: [5, 1] })).to.throw(/option latencyMs/)
    expect(() => new VirtualNetwork({ latency: 5 } as never)).to.throw(/latency/)
    const client = new Client('memory:nobody', { network: new VirtualNetwork(), retry: 0 })
    expect((await failureOf(client.connect())).message).to.match(/no server listens there/)
    await client.close()
  })
})
