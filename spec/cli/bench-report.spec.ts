// The texts and the object that `isock bench` makes of a load, to the letter.
import { expect } from 'chai'
import { benchLine, benchText, liveText, progressText } from '../../lib/cli/bench-report.ts'
import type { Load } from '../../lib/cli/load.ts'

/** A histogram that keeps its values as they are. */
class Exact {
  readonly #values: readonly number[]

  constructor(values: readonly number[]) {
    this.#values = values.toSorted((a, b) => a - b)
  }

  get count(): number {
    return this.#values.length
  }

  get min(): number {
    return this.#values[0] ?? 9_223_372_036_854_776_000
  }

  get max(): number {
    return this.#values.at(-1) ?? 0
  }

  get mean(): number {
    return this.#values.reduce((sum, each) => sum + each, 0) / this.count
  }

  percentile(share: number): number {
    const rank = Math.ceil(Math.round((share / 100) * this.count * 1e6) / 1e6)
    return this.#values[Math.max(0, rank - 1)] ?? 0
  }
}

function loadOf(us: readonly number[], more: object = {}): Load {
  return {
    latenciesUs: new Exact(us),
    failures: new Map(),
    examples: new Map(),
    failed: 0,
    notStarted: 0,
    elapsedMs: 2_000,
    ...more,
  } as unknown as Load
}

function barsOf(us: readonly number[]): unknown {
  const asked = { address: 'tcp://a', action: 'Echo', inFlight: 1, links: 1, rate: undefined }
  return (benchLine(loadOf(us), asked) as { histogram: unknown }).histogram
}

const full = '█'.repeat(40)
const half = '█'.repeat(20).padEnd(40)
const none = ' '.repeat(40)

describe('The progress of a load', () => {
  it('has the seconds, calls, rate, slowest time and failures', () => {
    const load = loadOf([1_000, 9_999], { elapsedMs: 1_250, failed: 1_500 })
    expect(progressText(load)).to.equal('1.3 s  1502 calls  2 calls/s  p99 9.999 ms  1500 failed')
  })

  it('parts thousands of its rate, and has three decimals below 10 ms, then one', () => {
    const many = Array.from({ length: 1_000 }, () => 10_000)
    expect(progressText(loadOf(many, { elapsedMs: 1_000 }))).to.equal(
      '1.0 s  1000 calls  1 000 calls/s  p99 10.0 ms  0 failed',
    )
    expect(progressText(loadOf(many.slice(1), { elapsedMs: 1_000 }))).to.include('  999 calls/s  ')
  })

  it('has no rate before any time has passed, and one afterwards', () => {
    expect(progressText(loadOf([1], { elapsedMs: 0 }))).to.include('  0 calls/s  ')
    expect(progressText(loadOf([1], { elapsedMs: 1 }))).to.include('  1 000 calls/s  ')
  })

  it('is drawn with its bars, as soon as there are times', () => {
    expect(liveText(loadOf([]))).to.equal('2.0 s  0 calls  0 calls/s  p99 0.000 ms  0 failed\n')
    expect(liveText(loadOf([1_000]))).to.equal(
      `2.0 s  1 calls  1 calls/s  p99 1.000 ms  0 failed\n  up to 1 ms  ${full}  1\n`,
    )
  })
})

describe('The report of a load to the letter', () => {
  it('has its times, bars, failures, and calls without a place', () => {
    const failures = new Map([
      ['BUSY', 1_234],
      ['E', 1],
    ])
    const examples = new Map<string, unknown>([
      ['BUSY', new Error('no room')],
      ['E', 'text'],
    ])
    const load = loadOf([1_000, 1_000, 20_000], { failures, examples, failed: 1_235, notStarted: 1 })
    expect(benchText(load)).to.equal(
      [
        '3 calls in 2.00 s: 2 calls/s',
        'p50  1.000 ms',
        'p90  20.0 ms',
        'p99  20.0 ms',
        'max  20.0 ms',
        '',
        `  up to  1 ms  ${full}  2`,
        `  up to  2 ms  ${none}  0`,
        `  up to  5 ms  ${none}  0`,
        `  up to 10 ms  ${none}  0`,
        `  up to 20 ms  ${half}  1`,
        '1 234 failed with BUSY: no room',
        '1 failed with E: text',
        '1 were due, but could not start: raise --in-flight or --links',
        '',
      ].join('\n'),
    )
  })

  it('has a time at each of its ranks', () => {
    const text = benchText(loadOf(Array.from({ length: 1_000 }, (_, i) => (i + 1) * 1_000)))
    expect(text.split('\n').slice(1, 5)).to.deep.equal([
      'p50  500.0 ms',
      'p90  900.0 ms',
      'p99  990.0 ms',
      'max  1000.0 ms',
    ])
  })

  it('is one line where nothing happened, with two decimals', () => {
    expect(benchText(loadOf([], { elapsedMs: 1_234 }))).to.equal('0 calls in 1.23 s: 0 calls/s\n')
  })

  it('pads counts, and draws the least count as one block', () => {
    const us = [...Array.from({ length: 1_000 }, () => 500), 1_000]
    expect(benchText(loadOf(us))).to.include(
      `\n\n  up to 0.5 ms  ${full}  1 000\n  up to   1 ms  ${'█'.padEnd(40)}      1\n`,
    )
  })
})

describe('The bars of a load', () => {
  it('begin where the least time is, and hold times up to their edge', () => {
    expect(barsOf([10])).to.deep.equal([{ upToMs: 0.01, count: 1 }])
    expect(barsOf([1])).to.deep.equal([{ upToMs: 0.01, count: 1 }])
    expect(barsOf([11])).to.deep.equal([{ upToMs: 0.02, count: 1 }])
    expect(barsOf([1_000, 1_001, 2_000, 2_001])).to.deep.equal([
      { upToMs: 1, count: 1 },
      { upToMs: 2, count: 2 },
      { upToMs: 5, count: 1 },
    ])
  })

  it('have edges of 1, 2 and 5 in each magnitude', () => {
    const edges = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]
    expect(barsOf(edges.map((ms) => ms * 1_000))).to.deep.equal(edges.map((upToMs) => ({ upToMs, count: 1 })))
  })
})

describe('The line of a load for programs', () => {
  it('has each number under its name, to a microsecond', () => {
    const us = Array.from({ length: 100 }, (_, i) => (i + 1) * 1_000)
    const failures = new Map([['BUSY', 7]])
    const load = loadOf(us, { failures, failed: 7, notStarted: 3, elapsedMs: 50.000_6 })
    const asked = { address: 'tcp://a', action: 'Echo', inFlight: 4, links: 2, rate: 9 }
    const { histogram, ...line } = benchLine(load, asked) as Record<string, unknown>
    expect(histogram).to.deep.include({ upToMs: 100, count: 50 })
    expect(line).to.deep.equal({
      ...asked,
      elapsedMs: 50.001,
      calls: 107,
      failed: 7,
      errors: { BUSY: 7 },
      notStarted: 3,
      callsPerSecond: 2_000,
      minMs: 1,
      meanMs: 50.5,
      p50Ms: 50,
      p90Ms: 90,
      p99Ms: 99,
      maxMs: 100,
    })
  })

  it('has times of a single call', () => {
    const asked = { address: 'tcp://a', action: 'Echo', inFlight: 1, links: 1, rate: undefined }
    expect(benchLine(loadOf([1_500]), asked)).to.deep.include({ minMs: 1.5, meanMs: 1.5, p50Ms: 1.5, maxMs: 1.5 })
  })
})
