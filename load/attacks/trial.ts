// One attack on a server of its own, with those who keep to the rules beside it; what became of both, with the bounds.
import type { Limits } from '../../lib/index.ts'
import { Child, type Say } from '../child.ts'
import { atMost, exactly, type Figure, told } from '../figures.ts'
import type { Latency } from '../latency.ts'
import type { Peaks } from '../processes/attacked-server.ts'
import type { WitnessReport } from '../processes/witnesses.ts'
import { megabytes } from '../processes-of.ts'
import type { Attack, Origin } from './attack.ts'
import type { Found } from './away-client.ts'

/** What the server may have of old objects; the rest of what it holds lies outside of that heap. */
const heapMegabytes = 512
/** By which what is held may be above the bound, until the event loop turns. */
const overshootMegabytes = 32
/**
 * What a process takes beyond what it accounts for: garbage that was not collected yet, what the allocator keeps for later,
 * frames on their way through.
 */
const slackMegabytes = 320
/** For a server that has a processor for itself; with a part of one, calls take as much longer. */
const mostP99Ms = 250
const mostWithoutNewcomerSeconds = 5
const mostRecoverySeconds = 30

export interface TrialResult {
  readonly attack: string
  readonly origin: Origin
  readonly figures: readonly Figure[]
  readonly done: Readonly<Record<string, number>>
  readonly held: Readonly<Record<string, number>>
}

export interface TrialOptions {
  readonly origin: Origin
  readonly seconds: number
  /** Of the server; those that are not named have their defaults. */
  readonly limits: Partial<Limits>
}

export async function tryAttack(
  attack: Attack,
  { origin, seconds, limits }: TrialOptions,
  say: Say,
): Promise<TrialResult> {
  const server = Child.start('attacked-server.ts', say, [`--max-old-space-size=${heapMegabytes}`])
  const witnesses = Child.start('witnesses.ts', say)
  const attackers = Child.start('attackers.ts', say)
  try {
    const { address, webPort } = await server.ask<{ address: string; webPort: number }>({ do: 'listen', limits })
    const { hostname: host, port } = new URL(address)
    const target = { host, port: Number(port), webPort }
    const calm = await witnesses.ask<Latency>({ do: 'arrive', target })
    const before = await server.ask<Peaks>({ do: 'begin' })
    await witnesses.ask({ do: 'begin' })
    const attacked = attackers.ask<Record<string, number>>({ do: 'attack', name: attack.name, origin, seconds, target })
    const message = `during ${attack.name}`
    await witnesses.ask({ do: 'publish', message })
    const done = await attacked
    const report = await witnesses.ask<WitnessReport>({ do: 'report' })
    const during = await server.ask<Peaks>({ do: 'peaks' })
    say(`did ${describe(done)}; the server shed ${during.shed}`)
    if (report.trouble !== '') say(`the steady client: ${report.trouble}`)
    if (report.newcomersTrouble !== '') say(`newcomers: ${report.newcomersTrouble}`)
    const quickMs = mostP99Ms / during.processorShare
    const withinMs = mostRecoverySeconds * 1_000
    const recovery = await witnesses.ask<number | null>({ do: 'recovered', withinMs, quickMs })
    const found = await witnesses.ask<Found>({ do: 'comeBack', message })
    if (found.trouble !== '') say(`the one that was away: ${found.trouble}`)
    const after = await server.ask<Peaks>({ do: 'now' })
    const figures = figuresOf({ calm, before, during, report, recovery, found, after })
    return { attack: attack.name, origin, figures, done, held: during.held }
  } finally {
    await Promise.all([server.end(), witnesses.end(), attackers.end()])
  }
}

interface Outcome {
  readonly calm: Latency
  readonly before: Peaks
  readonly during: Peaks
  readonly report: WitnessReport
  /** null: it was not within the time. */
  readonly recovery: number | null
  readonly found: Found
  readonly after: Peaks
}

function figuresOf({ calm, before, during, report, recovery, found, after }: Outcome): Figure[] {
  const maxHeld = megabytes(during.maxHeldBytes)
  const grown = (bytes: (peaks: Peaks) => number): number => megabytes(bytes(during) - bytes(before))
  return [
    atMost('held at most', megabytes(during.heldBytes), maxHeld + overshootMegabytes, 'MiB'),
    atMost(
      'resident memory more than before',
      grown((peaks) => peaks.rssBytes),
      maxHeld + slackMegabytes,
      'MiB',
    ),
    told(
      'array buffers more than before',
      grown((peaks) => peaks.arrayBufferBytes),
      'MiB',
    ),
    told(
      'heap more than before',
      grown((peaks) => peaks.heapBytes),
      'MiB',
    ),
    told('sessions at most', during.sessions),
    told('shed', during.shed - before.shed),
    told('of the processor that it wanted, it got', during.processorShare),
    told('the event loop stood still at most', during.blockedMs, 'ms'),
    exactly('steady calls that failed', report.failures, 0),
    told('steady calls, median', report.calls.medianMs, 'ms'),
    told('  before the attack', calm.medianMs, 'ms'),
    atMost('steady calls, 99th percentile', report.calls.p99Ms, mostP99Ms / during.processorShare, 'ms'),
    told('  before the attack', calm.p99Ms, 'ms'),
    told('newcomers served', report.newcomersServed),
    told('newcomers refused', report.newcomersRefused),
    atMost(
      'longest without a newcomer served',
      report.longestWithoutNewcomerMs / 1_000,
      mostWithoutNewcomerSeconds,
      's',
    ),
    atMost('until all is as before', recovery ?? Number.NaN, mostRecoverySeconds, 's'),
    exactly('who was away has its session', Number(found.hasSession), 1),
    exactly('  and its answer', Number(found.hasAnswer), 1),
    exactly('  and what was published', Number(found.hasMissed), 1),
    atMost('held afterwards', megabytes(after.heldBytes), maxHeld, 'MiB'),
    told('array buffers afterwards', megabytes(after.arrayBufferBytes), 'MiB'),
    told('resident memory afterwards', megabytes(after.rssBytes), 'MiB'),
  ]
}

function describe(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([what, count]) => `${Math.round(count)} ${what}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
