// What isock wants to reach, and whether this run shows it.
import { type Results, type Row, ratioOf, type Spread } from './summary.ts'

export interface Target {
  readonly name: string
  readonly wanted: string
  /** undefined: a figure that it needs was not measured. */
  readonly found: string | undefined
  readonly isReached: boolean
}

/** Compares rounds, see `ratioOf`. */
export function checkTargets(results: Results): Target[] {
  const figures = new Figures(results)
  return [
    ...smallTargets(figures),
    ...valueTargets(figures),
    ...['bytes', 'buffer'].flatMap((value) => largeTargets(figures, value)),
    atLeast('stream: items per second', figures.rateRatio('stream', 'gRPC'), 2, "gRPC's"),
    atLeast('stream: items per second', figures.rateRatio('stream', 'Socket.IO'), 2, "Socket.IO's"),
    atMost('links 1000: CPU per call', figures.cpuRatio('links 1000', 'raw socket'), 1.25, "the raw socket's"),
    atMost('CPU per call with 1 000 links', figures.growth('links 1000', 'links 1'), 1.25, 'that with 1'),
    atMost('CPU per call with 1 000 actions', figures.growth('actions 1000', 'actions 10'), 1.1, 'that with 10'),
    ...fanoutTargets(figures),
    ...scaleTargets(figures),
  ]
}

function smallTargets(figures: Figures): Target[] {
  return [
    ...['small x64', 'small x512'].flatMap((cell) => [
      atMost(`${cell}: CPU per call`, figures.cpuRatio(cell, 'JSON text'), 1.25, "the JSON text's"),
      atMost(`${cell}: CPU per call`, figures.cpuToBestPeer(cell), 1 / 3, "the best peer's"),
      atLeast(`${cell}: calls per second`, figures.rateToBestPeer(cell), 2.5, "the best peer's"),
    ]),
    atMost('small x1: p50', figures.p50Ratio('small x1', 'raw socket'), 1.5, "the raw socket's"),
    atMost(
      'small x1 over a WebSocket: p50',
      figures.p50Ratio('small x1', 'raw WebSocket', 'isock, WebSocket'),
      1.15,
      "the raw WebSocket's",
    ),
  ]
}

function valueTargets(figures: Figures): Target[] {
  return [
    atMost('rows x64: CPU per call', figures.cpuRatio('rows x64', 'JSON text'), 1, "the JSON text's"),
    atMost('rows x64: CPU per call', figures.cpuToBestPeer('rows x64'), 1, "the best peer's"),
    atLeast('rows x64: calls per second', figures.rateToBestPeer('rows x64'), 1, "the best peer's"),
    atMost('people x64: CPU per call', figures.cpuRatio('people x64', 'JSON text'), 1, "the JSON text's"),
    atMost('mix x64: CPU per call', figures.mixToSuperjson(), 1.2, "superjson's and JSON's alone"),
  ]
}

function largeTargets(figures: Figures, value: string): Target[] {
  const rate = (cell: string, base: string, least: number): Target => {
    const of = base.startsWith('raw') ? `the ${base}'s` : `${base}'s`
    return atLeast(`${cell}: calls per second`, figures.rateRatio(cell, base), least, of)
  }
  return [
    rate(`${value} x1`, 'raw socket', 0.8),
    rate(`${value} x1`, 'raw WebSocket', 1),
    rate(`${value} x1`, 'Socket.IO', 1),
    ...[16, 64, 512].map((count) => rate(`${value} x${count}`, 'raw socket', 0.75)),
    rate(`${value} 64 links x8`, 'raw WebSocket', 1),
  ]
}

function fanoutTargets(figures: Figures): Target[] {
  const cell = 'fanout x1'
  const server = figures.serverCpuRatio(cell, 'raw socket')
  return [
    atLeast(`${cell}: deliveries per second`, figures.rateRatio(cell, 'raw socket'), 0.8, "the raw loop's"),
    atMost(`${cell}: server CPU per delivery`, server, 1.1, "the raw loop's"),
    atLeast(`${cell}: deliveries per second`, figures.rateRatio(cell, 'Socket.IO'), 1, "Socket.IO's"),
  ]
}

function scaleTargets(figures: Figures): Target[] {
  const idle = (what: string): number | undefined => figures.pointOf('scale idle', what)?.median
  const most = figures.pointOf('scale away', 'CPU', 100_000)
  const none = figures.pointOf('scale away', 'CPU', 0)
  return [
    below('an idle link: heap at the server', idle('heap'), 8, 'KB'),
    below('an idle link: resident memory at the server', idle('resident memory'), 11, 'KB'),
    atMost('CPU per call beside 100 000 sessions that are away', ratioOf(most, none), 1.05, 'that beside none'),
  ]
}

function below(name: string, value: number | undefined, most: number, unit: string): Target {
  const found = value === undefined ? undefined : `${value.toFixed(1)} ${unit}`
  return { name, wanted: `at most ${most} ${unit}`, found, isReached: value !== undefined && value <= most }
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

const cpu = ({ cpuPer100k }: Row): Spread => cpuPer100k
const rate = ({ perSecond }: Row): Spread => perSecond
const p50 = ({ p50Ms }: Row): Spread | undefined => p50Ms
const serverCpu = ({ server }: Row): Spread => server.cpuMicroseconds

/** Ratios as of `ratioOf`; undefined where one of the two was not measured. */
export class Figures {
  readonly #results: Results

  constructor(results: Results) {
    this.#results = results
  }

  cpuRatio(cell: string, base: string): number | undefined {
    return ratioOf(this.#of(cell, 'isock', cpu), this.#of(cell, base, cpu))
  }

  rateRatio(cell: string, base: string): number | undefined {
    return ratioOf(this.#of(cell, 'isock', rate), this.#of(cell, base, rate))
  }

  p50Ratio(cell: string, base: string, own = 'isock'): number | undefined {
    return ratioOf(this.#of(cell, own, p50), this.#of(cell, base, p50))
  }

  serverCpuRatio(cell: string, base: string): number | undefined {
    return ratioOf(this.#of(cell, 'isock', serverCpu), this.#of(cell, base, serverCpu))
  }

  /** What a point of a curve costs; without n its last one. */
  pointOf(curve: string, what: string, n?: number): Spread | undefined {
    const series = this.#results.curves.find(({ name }) => name === curve)?.series.find((one) => one.what === what)
    const point = n === undefined ? series?.points.at(-1) : series?.points.find((one) => one.n === n)
    return point?.cost
  }

  cpuToBestPeer(cell: string): number | undefined {
    return ratioOf(this.#of(cell, 'isock', cpu), this.bestPeerCpu(cell))
  }

  rateToBestPeer(cell: string): number | undefined {
    return ratioOf(this.#of(cell, 'isock', rate), this.bestPeerRate(cell))
  }

  growth(cell: string, base: string): number | undefined {
    return ratioOf(this.#of(cell, 'isock', cpu), this.#of(base, 'isock', cpu))
  }

  mixToSuperjson(): number | undefined {
    return ratioOf(this.#of('mix x64', 'isock', cpu), this.#results.superjson)
  }

  bestPeerCpu(cell: string): Spread | undefined {
    return this.#peers(cell)
      .map(cpu)
      .toSorted((one, other) => one.median - other.median)[0]
  }

  bestPeerRate(cell: string): Spread | undefined {
    return this.#peers(cell)
      .map(rate)
      .toSorted((one, other) => other.median - one.median)[0]
  }

  #peers(cell: string): Row[] {
    return this.#results.rows.filter((row) => row.cell === cell && row.kind === 'peer')
  }

  #of(cell: string, contender: string, figure: (row: Row) => Spread | undefined): Spread | undefined {
    const row = this.#results.rows.find((one) => one.cell === cell && one.contender === contender)
    return row === undefined ? undefined : figure(row)
  }
}
