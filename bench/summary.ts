// What many samples come to: one row for each cell and contender.
import type { Cell } from './cells.ts'
import type { Sample, SideSample } from './pair.ts'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  /** In the order of the rounds. Left out: not known. */
  readonly each?: readonly number[]
}

export interface Row {
  readonly cell: string
  readonly group: Cell['group']
  readonly contender: string
  readonly kind: 'limit' | 'isock' | 'peer'
  readonly perSecond: Spread
  readonly p50Ms: Spread | undefined
  readonly p99Ms: Spread | undefined
  readonly cpuPer100k: Spread
  readonly server: SideSummary
  readonly client: SideSummary
  readonly rounds: number
  /** The largest shares of the processors that the host took away, and that others used. */
  readonly stolen: number
  readonly others: number
}

export interface SideSummary {
  /** CPU microseconds for one operation. */
  readonly cpuMicroseconds: Spread
  /** The largest resident memory during a sample. */
  readonly mebibytes: Spread
}

/** A contender that could not do a cell, and what it said. */
export interface Failure {
  readonly cell: string
  readonly group: Cell['group']
  readonly contender: string
  readonly reason: string
}

export interface Results {
  readonly machine: string
  readonly date: string
  readonly rows: readonly Row[]
  readonly failures: readonly Failure[]
  /** CPU seconds for 100 000 calls of the mixed value by superjson and JSON alone; undefined: not measured. */
  readonly superjson: Spread | undefined
  readonly curves: readonly CurveResult[]
}

/** How one cost of isock grows: what was measured of a curve. */
export interface CurveResult {
  readonly name: string
  /** What is measured, and of what there are more and more. */
  readonly title: string
  readonly of: string
  readonly series: readonly Series[]
  /** Points that could not be measured. */
  readonly failures: readonly { readonly n: number; readonly reason: string }[]
}

export interface Series {
  /** As in `CPU`, `heap`. */
  readonly what: string
  /** As in `us`, `KB`. */
  readonly unit: string
  readonly points: readonly Point[]
}

export interface Point {
  readonly n: number
  readonly cost: Spread
}

export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2
  return { median, min: at(0), max: at(sorted.length - 1), each: numbers }
}

/**
 * The median of the ratios of the rounds: a slow minute of the machine is in both of a round. Where the rounds are not known, or some
 * are missing, the ratio of the medians.
 */
export function ratioOf(value: Spread | undefined, base: Spread | undefined): number | undefined {
  if (value === undefined || base === undefined) return undefined
  const { each = [] } = value
  const { each: eachBase = [] } = base
  if (each.length === 0 || each.length !== eachBase.length) return value.median / base.median
  return spreadOf(each.map((one, round) => one / (eachBase[round] as number))).median
}

export function rowOf(cell: Cell, contender: string, kind: Row['kind'], samples: readonly Sample[]): Row {
  const latencies = (of: (sample: Sample) => number | undefined): Spread | undefined => {
    const known = samples.map(of).filter((ms) => ms !== undefined)
    return known.length === 0 ? undefined : spreadOf(known)
  }
  return {
    cell: cell.name,
    group: cell.group,
    contender,
    kind,
    perSecond: spreadOf(samples.map(({ perSecond }) => perSecond)),
    p50Ms: latencies(({ p50Ms }) => p50Ms),
    p99Ms: latencies(({ p99Ms }) => p99Ms),
    cpuPer100k: spreadOf(samples.map(({ cpuPer100k }) => cpuPer100k)),
    server: sideOf(samples.map(({ server }) => server)),
    client: sideOf(samples.map(({ client }) => client)),
    rounds: samples.length,
    stolen: Math.max(...samples.map(({ stolen }) => stolen)),
    others: Math.max(...samples.map(({ others }) => others)),
  }
}

function sideOf(samples: readonly SideSample[]): SideSummary {
  return {
    cpuMicroseconds: spreadOf(samples.map(({ cpuMicroseconds }) => cpuMicroseconds)),
    mebibytes: spreadOf(samples.map(({ mebibytes }) => mebibytes)),
  }
}
