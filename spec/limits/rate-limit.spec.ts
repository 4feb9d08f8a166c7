// Rate limits: how many calls pass, for whom, and what clients hear of it.
import { expect } from 'chai'
import { Action, BusyError, type Server } from '../../lib/index.ts'
import { type RateLimitOptions, rateLimit } from '../../lib/limits.ts'
import { HttpWorld } from '../gateways/http/http-world.ts'
import { failureOf, World } from '../setup/world.ts'

class Echo extends Action<number, number> {
  override action(n: number): number {
    return n
  }
}

class Other extends Echo {}

/** Passes calls of a client that is a text, in a time of the spec's own. */
class Gauge {
  nowMs = 0
  readonly #limit: ReturnType<typeof rateLimit>

  constructor(options: RateLimitOptions) {
    this.#limit = rateLimit({ per: ({ data }) => data as string | undefined, now: () => this.nowMs, ...options })
  }

  /** 0: it passed. Else for how long it has to wait. */
  ask(client: string | undefined): number {
    try {
      void this.#limit(
        { kind: 'action', name: 'A', data: client, context: undefined as never },
        async () => '' as never,
      )
      return 0
    } catch (error) {
      return (error as BusyError).retryAfterMs as number
    }
  }

  /** How many of so many pass now. */
  passed(client: string | undefined, count: number): number {
    return Array.from({ length: count }, () => this.ask(client)).filter((waitMs) => waitMs === 0).length
  }
}

describe('a rate limit', () => {
  it('lets a burst through, then one call in each interval', () => {
    const gauge = new Gauge({ calls: 10 })
    expect(gauge.passed('a', 50)).to.equal(10)
    expect(gauge.ask('a')).to.equal(100)
    gauge.nowMs = 99
    expect(gauge.ask('a')).to.equal(1)
    gauge.nowMs = 100
    expect(gauge.passed('a', 5)).to.equal(1)
    gauge.nowMs = 450
    expect(gauge.passed('a', 50)).to.equal(3)
    gauge.nowMs = 10_000
    expect(gauge.passed('a', 50)).to.equal(10)
  })

  it('never lets more through than burst and rate allow, whenever calls come', () => {
    const gauge = new Gauge({ calls: 3, everyMs: 700, burst: 2 })
    let passed = 0
    for (gauge.nowMs = 0; gauge.nowMs <= 70_000; gauge.nowMs += 13) passed += gauge.passed('a', 3)
    expect(passed).to.be.within(299, 302)
  })

  it('counts each client by itself, and none that has no name', () => {
    const gauge = new Gauge({ calls: 1 })
    expect([gauge.passed('a', 3), gauge.passed('b', 3), gauge.passed(undefined, 9)]).to.deep.equal([1, 1, 9])
  })

  it('keeps a bounded number of clients apart: a flood of new ones is one, and frees nobody of a limit', () => {
    const gauge = new Gauge({ calls: 2, maxClients: 10 })
    expect(gauge.passed('known', 3)).to.equal(2)
    let passed = 0
    for (let i = 0; i < 1_000; i++) passed += gauge.passed(`new ${i}`, 1)
    expect(passed).to.equal(9 + 2)
    expect(gauge.passed('known', 3)).to.equal(0)
    gauge.nowMs = 5_000
    expect(gauge.passed('newer', 3)).to.equal(2)
  })

  for (const [options, message] of [
    [{ calls: 0 }, 'option calls: expected a positive number, got 0'],
    [{ calls: 1, everyMs: -1 }, 'option everyMs'],
    [{ calls: 1, burst: 0 }, 'option burst'],
    [{ calls: 1, per: 'user' }, `option per: expected 'session', 'identity', 'address' or a function, got "user"`],
    [{ calls: 1, per: undefined }, 'per'],
    [{ calls: 1, only: undefined }, 'only'],
    [{ calls: 1, cals: 2 }, 'unknown option "cals"; did you mean calls?'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)} ${Object.keys(options)}`, () => {
      expect(() => rateLimit(options as never)).to.throw(message)
    })
  }

  describe('of a server', () => {
    let world: World

    beforeEach(() => {
      world = new World()
    })

    afterEach(() => world.close())

    const serve = async (options: Partial<RateLimitOptions>): Promise<Server> => {
      const server = await world.serve([new Echo(), new Other()])
      server.use(rateLimit({ calls: 1, everyMs: 1_000, now: () => world.clock.now(), ...options }))
      return server
    }

    it('makes a client wait as long as it says, and no call fails', async () => {
      await serve({})
      const client = world.client()
      const startedAtMs = world.clock.now()
      const calls = [1, 2, 3].map((n) => client.runAction(Echo, n))
      expect(await world.clock.until(Promise.all(calls))).to.deep.equal([1, 2, 3])
      expect(world.clock.now() - startedAtMs).to.be.within(2_000, 4_000)
    })

    it('is not believed for more than a minute', async () => {
      const server = await world.serve([new Echo()])
      let refusals = 0
      server.use((_call, next) => {
        if (refusals++ === 0) throw new BusyError('much later', { retryAfterMs: 1e9 })
        return next()
      })
      const call = world.client().runAction(Echo, 1, { timeoutMs: 100_000 })
      await world.clock.advance(61_000)
      expect(await call).to.equal(1)
    })

    it('fails a call with no retries as not started, with the time', async () => {
      await serve({})
      const client = world.client({ retry: 0 })
      await world.clock.until(Promise.resolve(client.runAction(Echo, 1)))
      const error = await world.clock.until(failureOf(client.runAction(Echo, 2)))
      expect(error).to.be.instanceOf(BusyError).and.include({ notStarted: true, retryAfterMs: 1_000 })
      expect(error.message).to.equal('more than 1 calls in 1000 ms; retry in 1000 ms')
    })

    it('is of a session, of an identity, or of an address', async () => {
      for (const [per, second] of [
        ['session', 'passes'],
        ['identity', 'waits'],
        ['address', 'waits'],
      ] as const) {
        const server = await serve({ per })
        const [a, b] = [{ identity: { id: 'ann' } }, { identity: { id: per === 'identity' ? 'ann' : 'bob' } }]
        const calls = [a, b].map((who) => server.runAction(Echo, 1, who).outcome())
        const [first, other] = await world.clock.until(Promise.all(calls))
        expect([per, first?.ok, other?.ok]).to.deep.equal([per, true, second === 'passes'])
        await server.shutdown()
      }
    })

    it('counts what it is told to', async () => {
      const server = await serve({ only: ({ name }) => name === 'Other' })
      const run = async (Class: typeof Echo) => (await world.clock.until(server.runAction(Class, 1).outcome())).ok
      expect([await run(Echo), await run(Echo), await run(Other), await run(Other)]).to.deep.equal([
        true,
        true,
        true,
        false,
      ])
    })
  })

  it('is told to clients of HTTP in seconds', async () => {
    const world = new HttpWorld()
    world.server.use(rateLimit({ calls: 1, everyMs: 60_000 }))
    await world.start()
    try {
      expect((await world.post('Echo', 1)).status).to.equal(200)
      const response = await world.post('Echo', 1)
      expect(response.status).to.equal(503)
      expect(Number(response.headers.get('retry-after'))).to.be.within(55, 60)
    } finally {
      await world.close()
    }
  })
})
