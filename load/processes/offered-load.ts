// Calls at a given rate, whether or not the former ones are answered, as users make them; and what became of each.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, DeadlineError, IsockError } from '../../lib/index.ts'
import type { Burn, Pooled } from '../actions.ts'
import { type Latency, LatencySample } from '../latency.ts'

export interface Offer {
  readonly action: typeof Burn | typeof Pooled
  readonly costMs: number
  readonly clients: readonly Client[]
}

/** What became of the calls that were offered. */
export interface Outcome {
  readonly offered: number
  /** Answered, in time. */
  good: number
  /** Refused as busy, not started. */
  busy: number
  /** Their time ran out before they started, and their callers were told so. */
  tooLateToStart: number
  /** Their time ran out, and they may have run in vain. */
  late: number
  other: number
  seconds: number
  latency: Latency
}

const tickMs = 5

/** So many calls per second for a while; settles when all are settled. */
export async function offerLoad(offer: Offer, perSecond: number, seconds: number, timeoutMs: number): Promise<Outcome> {
  const { action, costMs, clients } = offer
  const count = { good: 0, busy: 0, tooLateToStart: 0, late: 0, other: 0 }
  const latency = new LatencySample()
  const open: Promise<void>[] = []
  const startedAtMs = performance.now()
  const callOnce = async (client: Client): Promise<void> => {
    const calledAtMs = performance.now()
    const outcome = await client.runAction(action, costMs, { timeoutMs, retry: 0 }).outcome()
    if (outcome.ok) latency.add(performance.now() - calledAtMs)
    count[outcome.ok ? 'good' : wordFor(outcome.error)]++
  }
  for (let made = 0; ; await sleep(tickMs)) {
    const elapsedMs = performance.now() - startedAtMs
    const due = Math.floor((Math.min(elapsedMs, seconds * 1_000) * perSecond) / 1_000)
    for (; made < due; made++) open.push(callOnce(clients[made % clients.length] as Client))
    if (elapsedMs >= seconds * 1_000) break
  }
  await Promise.all(open)
  return { offered: open.length, ...count, seconds, latency: latency.read() }
}

/** Calls per second when so many are always open: what the server can do. */
export async function findPeak(offer: Offer, lanes: number, seconds: number): Promise<number> {
  const { action, costMs, clients } = offer
  const endAtMs = performance.now() + seconds * 1_000
  let done = 0
  const lane = async (index: number): Promise<void> => {
    const client = clients[index % clients.length] as Client
    while (performance.now() < endAtMs) {
      await client.runAction(action, costMs)
      done++
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)))
  return done / seconds
}

function wordFor(error: unknown): 'busy' | 'tooLateToStart' | 'late' | 'other' {
  if (!(error instanceof IsockError)) return 'other'
  if (error.code === 'BUSY' && error.notStarted) return 'busy'
  if (error instanceof DeadlineError) return error.notStarted ? 'tooLateToStart' : 'late'
  return 'other'
}
