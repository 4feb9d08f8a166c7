// The clients of a load, in a process of their own. { do: 'connect', address, count } first; then what is named below.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../lib/index.ts'
import { AddUp, Burn, CountUp, Echo, Numbered, Pooled } from '../actions.ts'
import { type Latency, LatencySample } from '../latency.ts'
import { type LargeOrder, type LargeOutcome, runLarge } from './large-calls.ts'
import { countResources, measureMemory } from './memory.ts'
import { findPeak, type Offer, type Outcome, offerLoad } from './offered-load.ts'
import { takeOrders, tellProgress } from './orders.ts'

/** Clients that connect at the same time. */
const atOnce = 100
const actions = { Burn, Pooled }
let clients: Client[] = []
let address = ''

function first(): Client {
  const client = clients[0]
  if (client === undefined) throw new Error('connect first')
  return client
}

/** Runs so many, a few at a time, each with its number, and says how far it is. */
async function runEach(what: string, count: number, lanes: number, run: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const i = next++
      await run(i)
      if ((i + 1) % Math.ceil(count / 5) === 0) tellProgress(`${i + 1} of ${count} ${what}`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

function expectEqual(came: number, expected: number): void {
  if (came !== expected) throw new Error(`${came} came where ${expected} was expected`)
}

async function* numbersBelow(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i
}

takeOrders({
  async connect({ address: at, count }: { address: string; count: number }): Promise<void> {
    address = at
    while (clients.length < count) {
      const batch = Array.from({ length: Math.min(atOnce, count - clients.length) }, () => new Client(address))
      clients.push(...batch)
      await Promise.all(batch.map((client) => client.connect()))
    }
  },

  /** One call after the other for a while. */
  async latency({ forMs, pauseMs }: { forMs: number; pauseMs: number }): Promise<Latency> {
    const sample = new LatencySample()
    const endAtMs = performance.now() + forMs
    while (performance.now() < endAtMs) {
      const startedAtMs = performance.now()
      await first().runAction(Echo, 'hi')
      sample.add(performance.now() - startedAtMs)
      if (pauseMs > 0) await sleep(pauseMs)
    }
    return sample.read()
  },

  /** Each client makes its calls, each with a number of its own, so many at once. Seconds that it took. */
  async numbered({ callsEach, lanesEach }: { callsEach: number; lanesEach: number }): Promise<number> {
    const startedAtMs = performance.now()
    let clientsDone = 0
    const runClient = async (client: Client, index: number): Promise<void> => {
      let next = 0
      const lane = async (): Promise<void> => {
        while (next < callsEach) {
          const number = index * callsEach + next++
          expectEqual(await client.runAction(Numbered, number, { timeoutMs: Number.POSITIVE_INFINITY }), number)
        }
      }
      await Promise.all(Array.from({ length: lanesEach }, lane))
      if (++clientsDone % Math.ceil(clients.length / 5) === 0) tellProgress(`${clientsDone} clients are done`)
    }
    await Promise.all(clients.map(runClient))
    return (performance.now() - startedAtMs) / 1_000
  },

  calls: ({ count }: { count: number }) =>
    runEach('calls', count, 64, async (i) => expectEqual((await first().runAction(Echo, i)) as number, i)),

  /** One stream with so many items. */
  async items({ count }: { count: number }): Promise<void> {
    let next = 0
    for await (const item of first().runAction(CountUp, count)) {
      expectEqual(item, next++)
      if (next % Math.ceil(count / 5) === 0) tellProgress(`${next} of ${count} items`)
    }
    expectEqual(next, count)
  },

  /** In turns: a stream that is read, one that is left early, an upload. */
  streams: ({ count }: { count: number }) =>
    runEach('streams', count, 16, async (i) => {
      if (i % 3 === 0) return expectEqual(await first().runAction(AddUp, numbersBelow(3)), 3)
      const call = first().runAction(CountUp, 3)
      for await (const item of call) if (i % 3 === 1 && item === 1) break
      if (i % 3 === 2) expectEqual(await call, 3)
    }),

  /** Clients that come, call and go. */
  cycles: ({ count }: { count: number }) =>
    runEach('clients came and went', count, 8, async (i) => {
      const client = new Client(address)
      expectEqual((await client.runAction(Echo, i)) as number, i)
      await client.close()
    }),

  peak: ({ action, costMs, seconds }: Spot & { seconds: number }): Promise<number> =>
    findPeak(offerOf({ action, costMs }), 32, seconds),

  offer: (order: Spot & { perSecond: number; seconds: number; timeoutMs: number }): Promise<Outcome> =>
    offerLoad(offerOf(order), order.perSecond, order.seconds, order.timeoutMs),

  /** One kind of large calls, all at the same time, from a client of their own, which is not allowed to retry. */
  large: (order: LargeOrder): Promise<LargeOutcome> => runLarge(order),

  memory: measureMemory,
  resources: countResources,
  async close(): Promise<void> {
    const all = clients
    clients = []
    await Promise.all(all.map((client) => client.close()))
  },
})

interface Spot {
  readonly action: keyof typeof actions
  readonly costMs: number
}

function offerOf({ action, costMs }: Spot): Offer {
  return { action: actions[action], costMs, clients }
}
