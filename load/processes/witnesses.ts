// Those who keep to the rules while others attack: a steady client (127.0.0.1), newcomers (127.0.0.3), and one that is away
// (127.0.0.4). { do: 'arrive', target }, 'begin', 'report', 'recovered' and 'comeBack'.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../lib/index.ts'
import { Echo } from '../actions.ts'
import type { Target } from '../attacks/attack.ts'
import { AwayClient, Board, type Found } from '../attacks/away-client.ts'
import { Newcomers } from '../attacks/newcomers.ts'
import { Relay } from '../attacks/relay.ts'
import { type Latency, LatencySample } from '../latency.ts'
import { takeOrders } from './orders.ts'

export interface WitnessReport {
  readonly calls: Latency
  readonly failures: number
  readonly trouble: string
  readonly newcomersTrouble: string
  readonly newcomersServed: number
  readonly newcomersRefused: number
  readonly longestWithoutNewcomerMs: number
}

const pauseMs = 10
const warmUpMs = 500
const calmMs = 3_000
const patienceMs = 10_000
/** Of the last calls, by which it judges whether all is as before. */
const recentCount = 50

let steady: Client
let newcomers: Newcomers
let away: AwayClient
let relay: Relay
let sample = new LatencySample()
let recent: number[] = []
let failures = 0
let trouble = ''
let isOver = false
let calling: Promise<void>

async function call(): Promise<void> {
  while (!isOver) {
    const startedAtMs = performance.now()
    try {
      await steady.runAction(Echo, 'steady')
      const tookMs = performance.now() - startedAtMs
      sample.add(tookMs)
      recent.push(tookMs)
      if (recent.length > recentCount) recent.shift()
    } catch (error) {
      failures++
      recent = []
      trouble = String(error)
    }
    await sleep(pauseMs)
  }
}

takeOrders({
  /** Returns how long calls take while nobody attacks: other work on the machine counts in both. */
  async arrive({ target: { host, port } }: { target: Target }): Promise<Latency> {
    relay = await Relay.open(host, port, '127.0.0.3')
    away = await AwayClient.leave(host, port, '127.0.0.4')
    steady = new Client(`tcp://${host}:${port}`, { timeoutMs: patienceMs, keepConnected: true })
    await steady.connect()
    newcomers = new Newcomers(relay.address)
    calling = call()
    await sleep(warmUpMs)
    sample = new LatencySample()
    await sleep(calmMs)
    return sample.read()
  },
  begin(): void {
    sample = new LatencySample()
    failures = 0
    trouble = ''
    newcomers.begin()
  },
  report(): WitnessReport {
    const { longestMs, served, refused, trouble: newcomersTrouble } = newcomers.read()
    return {
      calls: sample.read(),
      failures,
      trouble,
      newcomersTrouble,
      newcomersServed: served,
      newcomersRefused: refused,
      longestWithoutNewcomerMs: longestMs,
    }
  },
  /** How long it takes from now until all is as before; null: longer than this. */
  async recovered({ withinMs, quickMs }: { withinMs: number; quickMs: number }): Promise<number | null> {
    const startedAtMs = performance.now()
    newcomers.begin()
    recent = []
    while (performance.now() - startedAtMs < withinMs) {
      const areQuick = recent.length === recentCount && recent.every((tookMs) => tookMs < quickMs)
      if (areQuick && newcomers.read().served > 0 && newcomers.lastTookMs < quickMs)
        return (performance.now() - startedAtMs) / 1_000
      await sleep(50)
    }
    return null
  },
  /** Publishes what the one who is away should not miss. */
  publish: ({ message }: { message: string }) => steady.publish(Board, message, { key: 'away' }),
  comeBack: ({ message }: { message: string }): Promise<Found> => away.comeBack(message),
  async leave(): Promise<void> {
    isOver = true
    await calling
    await Promise.all([steady.close(), newcomers.close(), away.close()])
    relay.close()
  },
})
