// Measures the points of a curve in turn, round after round, like contenders: each in processes of its own that stay open meanwhile.
import { type CurveResult, type Point, spreadOf } from '../summary.ts'
import type { Curve } from './curves.ts'
import type { Subject } from './subject.ts'

export interface CurvePlan {
  readonly rounds: number
  readonly ms: number
  readonly onProgress: (text: string) => void
}

/** Of a cell's time: there are many points. */
const sampleShare = 0.6

/** How long the sample of a point takes calls, of cells that take so long. */
export function pointMs(cellMs: number): number {
  return cellMs * sampleShare
}

export async function measureCurve(curve: Curve, plan: CurvePlan): Promise<CurveResult> {
  return new CurveRun(curve, { ...plan, rounds: roundsOf(curve, plan.rounds) }).measure()
}

export function roundsOf({ mostRounds = Number.POSITIVE_INFINITY }: Curve, wanted: number): number {
  return Math.min(wanted, mostRounds)
}

class CurveRun {
  readonly #curve: Curve
  readonly #plan: CurvePlan
  readonly #subjects = new Map<number, Subject>()
  readonly #failures = new Map<number, string>()
  /** By point, then by what is measured. */
  readonly #samples = new Map<number, Map<string, number[]>>()

  constructor(curve: Curve, plan: CurvePlan) {
    this.#curve = curve
    this.#plan = plan
  }

  async measure(): Promise<CurveResult> {
    const { name, title, of, points, series } = this.#curve
    try {
      for (const n of points) await this.#try(n, 'is prepared', () => this.#open(n))
      for (let round = 0; round < this.#plan.rounds; round++) {
        for (let i = 0; i < points.length; i++) {
          const n = points[(i + round) % points.length] as number
          await this.#try(n, `round ${round + 1} of ${this.#plan.rounds}`, () => this.#sample(n))
        }
      }
    } finally {
      for (const subject of this.#subjects.values()) await subject.close()
    }
    return {
      name,
      title,
      of,
      series: series.map(({ what, unit }) => ({ what, unit, points: points.flatMap((n) => this.#point(n, what)) })),
      failures: [...this.#failures].map(([n, reason]) => ({ n, reason })),
    }
  }

  async #try(n: number, doing: string, run: () => Promise<void>): Promise<void> {
    if (this.#failures.has(n)) return
    this.#plan.onProgress(`${this.#curve.name} ${n}: ${doing}`)
    try {
      await run()
    } catch (error) {
      this.#failures.set(n, (error as Error).message)
    }
  }

  async #open(n: number): Promise<void> {
    this.#subjects.set(n, await this.#curve.open(n))
  }

  async #sample(n: number): Promise<void> {
    const costs = await this.#subjects.get(n)?.sample(pointMs(this.#plan.ms))
    const taken = this.#samples.get(n) ?? new Map<string, number[]>()
    this.#samples.set(n, taken)
    for (const [what, cost] of Object.entries(costs ?? {})) taken.set(what, [...(taken.get(what) ?? []), cost])
  }

  #point(n: number, what: string): Point[] {
    const taken = this.#samples.get(n)?.get(what)
    return taken === undefined ? [] : [{ n, cost: spreadOf(taken) }]
  }
}
