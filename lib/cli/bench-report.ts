// The reports of `isock bench`: progress while it runs, the result for people, and the result as JSON for programs.

import { messageOf } from './failure.ts'
import type { Bar } from './latency-histogram.ts'
import type { Load } from './load.ts'
import { table } from './table.ts'

const mostBarLength = 40

export interface BenchAsked {
  readonly address: string
  readonly action: string
  readonly inFlight: number
  readonly links: number
  readonly rate: number | undefined
}

export function progressText(load: Load): string {
  const { latencies, failed } = load
  const seconds = `${(load.elapsedMs / 1_000).toFixed(1)} s`
  const rate = `${thousands(perSecond(load))} calls/s`
  return `${seconds}  ${latencies.count + failed} calls  ${rate}  p99 ${inMs(latencies.percentileMs(0.99))}  ${failed} failed`
}

export function benchText(load: Load): string {
  const { latencies, failures, notStarted } = load
  const rows = [
    ['p50', inMs(latencies.percentileMs(0.5))],
    ['p90', inMs(latencies.percentileMs(0.9))],
    ['p99', inMs(latencies.percentileMs(0.99))],
    ['max', inMs(latencies.maxMs)],
  ]
  const faults = [...failures].map(([code, count]) => {
    return `${thousands(count)} failed with ${code}: ${messageOf(load.examples.get(code))}\n`
  })
  return [
    `${thousands(latencies.count)} calls in ${(load.elapsedMs / 1_000).toFixed(2)} s: ${thousands(perSecond(load))} calls/s\n`,
    ...(latencies.count === 0 ? [] : [table(rows), '\n', histogramText(latencies.bars())]),
    ...faults,
    ...(notStarted > 0
      ? [`${thousands(notStarted)} were due, but could not start: raise --in-flight or --links\n`]
      : []),
  ].join('')
}

/** `isock bench --json` prints this on one line. */
export function benchLine(load: Load, asked: BenchAsked): object {
  const { latencies } = load
  const ms = (value: number): number => Math.round(value * 1_000) / 1_000
  return {
    ...asked,
    elapsedMs: ms(load.elapsedMs),
    calls: latencies.count + load.failed,
    failed: load.failed,
    errors: Object.fromEntries(load.failures),
    notStarted: load.notStarted,
    callsPerSecond: perSecond(load),
    minMs: ms(latencies.minMs),
    meanMs: ms(latencies.meanMs),
    p50Ms: ms(latencies.percentileMs(0.5)),
    p90Ms: ms(latencies.percentileMs(0.9)),
    p99Ms: ms(latencies.percentileMs(0.99)),
    maxMs: ms(latencies.maxMs),
    histogram: latencies.bars(),
  }
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
function perSecond({ latencies, elapsedMs }: Load): number {
  return elapsedMs === 0 ? 0 : Math.round((latencies.count * 1_000) / elapsedMs)
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}

function inMs(value: number): string {
  return `${value.toFixed(value < 10 ? 3 : 1)} ms`
}
