// Twice as many calls as the server can do: it goes on doing nearly what it can, says of the rest that it was not
// started, and is its old self soon after.
import type { Say } from './child.ts'
import { atLeast, atMost, exactly, type Figure, told } from './figures.ts'
import type { Latency } from './latency.ts'
import type { Outcome } from './processes/offered-load.ts'
import { type LoadProcesses, withProcesses } from './processes-of.ts'

export interface OverloadSize {
  readonly seconds: number
  /** Of what the server can do, at least this share must come of it under twice the load. */
  readonly leastGoodShare: number
  /** Of the calls that are offered, at most this share may run out of time after they may have started. */
  readonly mostLateShare: number
}

/** burn: handlers that keep the processor. pool: handlers that wait for one of eight places. */
export type OverloadKind = 'burn' | 'pool'

const spots = {
  burn: { order: { action: 'Burn', costMs: 1 }, limits: {} },
  // A pool of eight has no use for more calls than it can finish in a fraction of their time.
  pool: { order: { action: 'Pooled', costMs: 5 }, limits: { maxRunningCalls: 64 } },
} as const

const clientCount = 8
const timeoutMs = 500
const recoveryLimitMs = 5_000
const probeMs = 250

export function overload(kind: OverloadKind, size: OverloadSize, say: Say): Promise<Figure[]> {
  const { order, limits } = spots[kind]
  return withProcesses(limits, say, async ({ clients, address }) => {
    await clients.ask({ do: 'connect', address, count: clientCount })
    await clients.ask({ do: 'peak', ...order, seconds: 0.5 })
    const before = await probe(clients)
    const findPeak = () => clients.ask<number>({ do: 'peak', ...order, seconds: Math.min(3, size.seconds) })
    const peakBefore = await findPeak()
    say(`the server can do ${Math.round(peakBefore)} calls per second; offering twice as many`)
    const offer = { do: 'offer', ...order, perSecond: peakBefore * 2, seconds: size.seconds, timeoutMs }
    const outcome = await clients.ask<Outcome>(offer)
    const recoveredMs = await recovery(clients, before)
    // Twice, because whatever else the machine does counts too.
    const peak = (peakBefore + (await findPeak())) / 2
    const { offered, good, busy, tooLateToStart, late, other, latency } = outcome
    const share = (count: number): number => (count / offered) * 100
    return [
      told('calls per second that it can do', peak),
      told('calls per second that were offered', offered / size.seconds),
      atLeast(
        'answered in time, of what it can do',
        (good / size.seconds / peak) * 100,
        size.leastGoodShare * 100,
        '%',
      ),
      told('refused, not started', share(busy + tooLateToStart), '%'),
      atMost('late, perhaps in vain', share(late), size.mostLateShare * 100, '%'),
      exactly('failed otherwise', other, 0),
      told('99th percentile of the answered', latency.p99Ms, 'ms'),
      atMost('until calls take as long as before', recoveredMs, recoveryLimitMs, 'ms'),
    ]
  })
}

function probe(clients: LoadProcesses['clients']): Promise<Latency> {
  return clients.ask<Latency>({ do: 'latency', forMs: probeMs, pauseMs: 2 })
}

/** Milliseconds until a row of calls took about as long as they did before; Infinity: they do not. */
async function recovery(clients: LoadProcesses['clients'], before: Latency): Promise<number> {
  const startedAtMs = performance.now()
  for (;;) {
    const probedAtMs = performance.now() - startedAtMs
    const { medianMs } = await probe(clients)
    if (medianMs <= before.medianMs * 3 + 1) return probedAtMs
    if (probedAtMs > recoveryLimitMs) return Number.POSITIVE_INFINITY
  }
}
