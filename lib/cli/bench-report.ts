// The reports of `isock bench`: progress while it runs, the result for people, and the result as JSON for programs.
import type { Histogram } from 'node:perf_hooks'
import { messageOf } from './failure.ts'
import type { Load } from './load.ts'
import { table } from './table.ts'

const mostBarLength = 40
const usPerMs = 1_000

export interface BenchAsked {
  readonly address: string
  readonly action: string
  readonly inFlight: number
  readonly links: number
  readonly rate: number | undefined
}

/** The count of latencies up to `upToMs` and above the bar before it. */
interface Bar {
  readonly upToMs: number
  readonly count: number
}

export function progressText(load: Load): string {
  const { latenciesUs, failed } = load
  const seconds = `${(load.elapsedMs / 1_000).toFixed(1)} s`
  const rate = `${thousands(perSecond(load))} calls/s`
  return `${seconds}  ${latenciesUs.count + failed} calls  ${rate}  p99 ${inMs(latenciesUs.percentile(99) / usPerMs)}  ${failed} failed`
}

/** Several lines, for a terminal: how far it is, and the times so far. */
export function liveText(load: Load): string {
  const { latenciesUs } = load
  return `${progressText(load)}\n${latenciesUs.count === 0 ? '' : histogramText(barsOf(latenciesUs))}`
}

export function benchText(load: Load): string {
  const { latenciesUs, failures, notStarted } = load
  const { count } = latenciesUs
  const rows = [
    ['p50', inMs(latenciesUs.percentile(50) / usPerMs)],
    ['p90', inMs(latenciesUs.percentile(90) / usPerMs)],
    ['p99', inMs(latenciesUs.percentile(99) / usPerMs)],
    ['max', inMs(latenciesUs.max / usPerMs)],
  ]
  const faults = [...failures].map(([code, failed]) => {
    return `${thousands(failed)} failed with ${code}: ${messageOf(load.examples.get(code))}\n`
  })
  return [
    `${thousands(count)} calls in ${(load.elapsedMs / 1_000).toFixed(2)} s: ${thousands(perSecond(load))} calls/s\n`,
    ...(count === 0 ? [] : [table(rows), '\n', histogramText(barsOf(latenciesUs))]),
    ...faults,
    ...(notStarted > 0
      ? [`${thousands(notStarted)} were due, but could not start: raise --in-flight or --links\n`]
      : []),
  ].join('')
}

/** `isock bench --json` prints this on one line. */
export function benchLine(load: Load, asked: BenchAsked): object {
  const { latenciesUs } = load
  const { count } = latenciesUs
  const ms = (value: number): number => Math.round(value * 1_000) / 1_000
  // A histogram of nothing has no minimum and no mean.
  const latencyMs = (us: number): number => (count === 0 ? 0 : ms(us / usPerMs))
  return {
    ...asked,
    elapsedMs: ms(load.elapsedMs),
    calls: count + load.failed,
    failed: load.failed,
    errors: Object.fromEntries(load.failures),
    notStarted: load.notStarted,
    callsPerSecond: perSecond(load),
    minMs: latencyMs(latenciesUs.min),
    meanMs: latencyMs(latenciesUs.mean),
    p50Ms: latencyMs(latenciesUs.percentile(50)),
    p90Ms: latencyMs(latenciesUs.percentile(90)),
    p99Ms: latencyMs(latenciesUs.percentile(99)),
    maxMs: latencyMs(latenciesUs.max),
    histogram: barsOf(latenciesUs),
  }
}

/** The bars from the minimum to the maximum, at 1, 2, 5, 10, 20, 50 ... */
function barsOf(latenciesUs: Histogram): Bar[] {
  const bars: Bar[] = []
  let counted = 0
  for (const upToMs of edges()) {
    if (counted === latenciesUs.count) break
    if (upToMs * usPerMs < latenciesUs.min) continue
    const count = countUpTo(latenciesUs, upToMs * usPerMs) - counted
    counted += count
    bars.push({ upToMs, count })
  }
  return bars
}

function* edges(): Generator<number> {
  for (let exponent = -2; ; exponent++) {
    for (const digit of [1, 2, 5]) yield Number(`${digit}e${exponent}`)
  }
}

/** A histogram gives the value of a rank, not the rank of a value: this one is searched. */
function countUpTo(latenciesUs: Histogram, limitUs: number): number {
  const { count } = latenciesUs
  let least = 0
  let most = count
  while (least < most) {
    const rank = Math.ceil((least + most) / 2)
    if (latenciesUs.percentile((100 * rank) / count) <= limitUs) least = rank
    else most = rank - 1
  }
  return least
}

function histogramText(bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ count }) => count))
  const edges = bars.map(({ upToMs }) => `${upToMs} ms`)
  const counts = bars.map(({ count }) => thousands(count))
  const width = (texts: readonly string[]): number => Math.max(...texts.map(({ length }) => length))
  return bars
    .map(({ count }, i) => {
      const bar = '█'.repeat(Math.ceil((count / most) * mostBarLength)).padEnd(mostBarLength)
      return `  up to ${edges[i]?.padStart(width(edges))}  ${bar}  ${counts[i]?.padStart(width(counts))}\n`
    })
    .join('')
}

/** The rate of successful calls. */
function perSecond({ latenciesUs, elapsedMs }: Load): number {
  return elapsedMs === 0 ? 0 : Math.round((latenciesUs.count * 1_000) / elapsedMs)
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}

function inMs(value: number): string {
  return `${value.toFixed(value < 10 ? 3 : 1)} ms`
}
