// What isock wants to reach, and whether this run shows it.
import type { Results, Row, Spread } from './summary.ts'

export interface Target {
  readonly name: string
  readonly wanted: string
  /** undefined: a figure that it needs was not measured. */
  readonly found: string | undefined
  readonly isReached: boolean
}

/** Compares medians. */
export function checkTargets(results: Results): Target[] {
  const figures = new Figures(results)
  return [
    ...['small x64', 'small x512'].flatMap((cell) => [
      atMost(`${cell}: CPU per call`, figures.cpuRatio(cell, 'JSON text'), 1.25, "the JSON text's"),
      atMost(`${cell}: CPU per call`, figures.cpuToBestPeer(cell), 1 / 3, "the best peer's"),
      atLeast(`${cell}: calls per second`, figures.rateToBestPeer(cell), 2.5, "the best peer's"),
    ]),
    atMost('rows x64: CPU per call', figures.cpuRatio('rows x64', 'JSON text'), 1, "the JSON text's"),
    atMost('rows x64: CPU per call', figures.cpuToBestPeer('rows x64'), 1, "the best peer's"),
    atLeast('rows x64: calls per second', figures.rateToBestPeer('rows x64'), 1, "the best peer's"),
    atMost('mix x64: CPU per call', figures.mixToSuperjson(), 1.2, "superjson's and JSON's alone"),
    atMost('small x1: p50', figures.p50Ratio('small x1', 'raw socket'), 1.5, "the raw socket's"),
    ...['bytes', 'buffer'].flatMap((value) => [
      atLeast(`${value} x1: calls per second`, figures.rateRatio(`${value} x1`, 'raw socket'), 0.8, "the raw socket's"),
      ...[16, 64, 512].map((count) => {
        const cell = `${value} x${count}`
        return atLeast(`${cell}: calls per second`, figures.rateRatio(cell, 'raw socket'), 0.75, "the raw socket's")
      }),
      atLeast(
        `${value} 64 links x8: calls per second`,
        figures.rateRatio(`${value} 64 links x8`, 'raw WebSocket'),
        1,
        "the raw WebSocket's",
      ),
    ]),
    atMost('people x64: CPU per call', figures.cpuRatio('people x64', 'JSON text'), 1, "the JSON text's"),
    atLeast('stream: items per second', figures.rateRatio('stream', 'gRPC'), 2, "gRPC's"),
    atLeast('stream: items per second', figures.rateRatio('stream', 'Socket.IO'), 2, "Socket.IO's"),
    atMost('CPU per call with 1 000 links', figures.growth('links 1000', 'links 1'), 1.25, 'that with 1'),
    atMost('CPU per call with 1 000 actions', figures.growth('actions 1000', 'actions 10'), 1.1, 'that with 10'),
  ]
}

function atMost(name: string, ratio: number | undefined, most: number, base: string): Target {
  const isReached = ratio !== undefined && ratio <= most
  return {
    name,
    wanted: `at most ${short(most)} of ${base}`,
    found: ratio === undefined ? ratio : short(ratio),
    isReached,
  }
}

function atLeast(name: string, ratio: number | undefined, least: number, base: string): Target {
  const isReached = ratio !== undefined && ratio >= least
  return {
    name,
    wanted: `at least ${short(least)} of ${base}`,
    found: ratio === undefined ? ratio : short(ratio),
    isReached,
  }
}

function short(ratio: number): string {
  return ratio.toFixed(2)
}

type Figure = (row: Row) => Spread | undefined
const cpu: Figure = ({ cpuPer100k }) => cpuPer100k
const rate: Figure = ({ perSecond }) => perSecond
const p50: Figure = ({ p50Ms }) => p50Ms

/** Ratios of medians; undefined where one of the two was not measured. */
export class Figures {
  readonly #results: Results

  constructor(results: Results) {
    this.#results = results
  }

  cpuRatio(cell: string, base: string): number | undefined {
    return ratio(this.#of(cell, 'isock', cpu), this.#of(cell, base, cpu))
  }

  rateRatio(cell: string, base: string): number | undefined {
    return ratio(this.#of(cell, 'isock', rate), this.#of(cell, base, rate))
  }

  p50Ratio(cell: string, base: string): number | undefined {
    return ratio(this.#of(cell, 'isock', p50), this.#of(cell, base, p50))
  }

  cpuToBestPeer(cell: string): number | undefined {
    return ratio(this.#of(cell, 'isock', cpu), this.bestPeerCpu(cell))
  }

  rateToBestPeer(cell: string): number | undefined {
    return ratio(this.#of(cell, 'isock', rate), this.bestPeerRate(cell))
  }

  growth(cell: string, base: string): number | undefined {
    return ratio(this.#of(cell, 'isock', cpu), this.#of(base, 'isock', cpu))
  }

  mixToSuperjson(): number | undefined {
    return ratio(this.#of('mix x64', 'isock', cpu), this.#results.superjson?.median)
  }

  bestPeerCpu(cell: string): number | undefined {
    const all = this.#peers(cell).map(({ cpuPer100k }) => cpuPer100k.median)
    return all.length === 0 ? undefined : Math.min(...all)
  }

  bestPeerRate(cell: string): number | undefined {
    const all = this.#peers(cell).map(({ perSecond }) => perSecond.median)
    return all.length === 0 ? undefined : Math.max(...all)
  }

  #peers(cell: string): Row[] {
    return this.#results.rows.filter((row) => row.cell === cell && row.kind === 'peer')
  }

  #of(cell: string, contender: string, figure: Figure): number | undefined {
    const row = this.#results.rows.find((one) => one.cell === cell && one.contender === contender)
    return row === undefined ? undefined : figure(row)?.median
  }
}

function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined ? undefined : value / base
}
