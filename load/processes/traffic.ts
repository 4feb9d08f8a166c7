// The clients of a soak: all kinds of calls without end, over links that are cut. { do: 'start', address }, then 'take'
// each second for what happened since, and 'stop'. No call may fail: its links come back long before its patience ends.
import { setTimeout as sleep } from 'node:timers/promises'
import { CancelledError, Client } from '../../lib/index.ts'
import { AddUp, CountUp, Echo, Numbered, UntilCancelled } from '../actions.ts'
import { type Latency, LatencySample } from '../latency.ts'
import { takeSample } from './memory.ts'
import { takeOrders } from './orders.ts'

export interface TrafficReport {
  /** Since the last report, of calls that do nothing but echo. */
  readonly latency: Latency
  readonly done: number
  /** Numbers that were called and answered; each must have run once. */
  readonly numbersAnswered: number
  readonly failureCount: number
  /** The first of them. */
  readonly failures: readonly string[]
}

const clientCount = 4
const lanesEach = 8
const longestPauseMs = 40
const mostFailuresTold = 20
const limits = { heartbeatMs: 500, deadAfterMs: 1_500, frameTimeoutMs: 5_000, handshakeTimeoutMs: 2_000 }

let clients: Client[] = []
let lanes: Promise<void>[] = []
let isOver = false
let latency = new LatencySample()
let nextNumber = 0
let done = 0
let numbersAnswered = 0
let failureCount = 0
const failures: string[] = []

const kinds: Record<string, (client: Client) => Promise<void>> = {
  async echo(client) {
    const startedAtMs = performance.now()
    const value = { text: 'x'.repeat(randomBelow(2_000)), list: [1, 2, 3] }
    const echoed = (await client.runAction(Echo, value)) as typeof value
    expectEqual(echoed.text, value.text)
    latency.add(performance.now() - startedAtMs)
  },
  async numbered(client) {
    const number = nextNumber++
    expectEqual(await client.runAction(Numbered, number), number)
    numbersAnswered++
  },
  async stream(client) {
    const count = randomBelow(300)
    let next = 0
    const call = client.runAction(CountUp, count)
    for await (const item of call) expectEqual(item, next++)
    expectEqual(await call, count)
    expectEqual(next, count)
  },
  async streamLeftEarly(client) {
    for await (const item of client.runAction(CountUp, 1_000)) if (item === 5) break
  },
  async upload(client) {
    const count = randomBelow(200)
    expectEqual(await client.runAction(AddUp, numbersBelow(count)), (count * (count - 1)) / 2)
  },
  async cancel(client) {
    const call = client.runAction(UntilCancelled)
    await sleep(randomBelow(20))
    call.cancel()
    const outcome = await call.outcome()
    if (outcome.ok || !(outcome.error instanceof CancelledError)) throw new Error('a cancelled call was not cancelled')
  },
}

async function lane(client: Client): Promise<void> {
  const names = Object.keys(kinds)
  while (!isOver) {
    const name = names[randomBelow(names.length)] as string
    try {
      await kinds[name]?.(client)
      done++
    } catch (error) {
      failureCount++
      if (failures.length < mostFailuresTold) failures.push(`${name}: ${String(error)}`)
    }
    await sleep(randomBelow(longestPauseMs))
  }
}

async function* numbersBelow(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i
}

function randomBelow(bound: number): number {
  return Math.floor(Math.random() * bound)
}

function expectEqual(came: unknown, expected: unknown): void {
  if (came !== expected) throw new Error(`${String(came)} came where ${String(expected)} was expected`)
}

function report(): TrafficReport {
  const taken = latency.read()
  latency = new LatencySample()
  return { latency: taken, done, numbersAnswered, failureCount, failures }
}

takeOrders({
  start({ address }: { address: string }): void {
    const options = { limits, retry: 100, timeoutMs: 60_000, backoff: { minMs: 10, maxMs: 200 } }
    clients = Array.from({ length: clientCount }, () => new Client(address, options))
    lanes = clients.flatMap((client) => Array.from({ length: lanesEach }, () => lane(client)))
  },
  take: report,
  sample: takeSample,
  /** Lets what is open end, closes all, and reports for the last time. */
  async stop(): Promise<TrafficReport> {
    isOver = true
    await Promise.all(lanes)
    await Promise.all(clients.map((client) => client.close()))
    return report()
  },
})
