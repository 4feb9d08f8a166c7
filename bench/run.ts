// Measures the contenders in turn, round after round, so that a slow minute of the machine slows all of them.
import { type Cell, isAmongFew, type Sitting, sittings } from './cells.ts'
import { type Entry, entries } from './contenders.ts'
import { FanoutPair } from './fanout/fanout-pair.ts'
import { Pair, type Sample, type Sampler, sampleSuperjson } from './pair.ts'
import { machine } from './processors.ts'
import { type Curve, curves } from './scale/curves.ts'
import { measureCurve } from './scale/measure-curve.ts'
import { type CurveResult, type Failure, type Results, type Row, rowOf, spreadOf } from './summary.ts'

export interface Plan {
  readonly rounds: number
  readonly ms: number
  readonly wantsCell: (cell: Cell) => boolean
  readonly wantsContender: (name: string) => boolean
  readonly wantsCurve: (curve: Curve) => boolean
  readonly onProgress: (text: string) => void
}

/** A sample during which the host took more than this away is taken again, so many times. */
const mostStolen = 0.02
const mostTries = 4

export async function run(plan: Plan): Promise<Results> {
  const rows: Row[] = []
  const failures: Failure[] = []
  const seats = seatsOf(plan)
  const steps = seats.length + chosenCurves(plan).length
  for (const [index, seated] of seats.entries()) {
    const done = await new Table(plan, seated, `${index + 1}/${steps}`).fill()
    rows.push(...done.rows)
    failures.push(...done.failures)
  }
  const superjson = rows.some(({ group }) => group === 'mix') ? await measureSuperjson(plan) : undefined
  const curveResults: CurveResult[] = []
  for (const [index, curve] of chosenCurves(plan).entries()) {
    const place = `${seats.length + index + 1}/${steps}`
    curveResults.push(await measureCurve(curve, { ...plan, onProgress: (text) => plan.onProgress(`${place} ${text}`) }))
  }
  return {
    machine: machine(),
    date: new Date().toISOString().slice(0, 10),
    rows,
    failures,
    superjson,
    curves: curveResults,
  }
}

/** A sitting and those who take part, each with the cells that it does. */
export interface Seated {
  readonly sitting: Sitting
  readonly runners: readonly { readonly entry: Entry; readonly cells: readonly Cell[] }[]
}

/** What a plan comes to. */
export function seatsOf({ wantsCell, wantsContender }: Pick<Plan, 'wantsCell' | 'wantsContender'>): Seated[] {
  return sittings
    .map((sitting) => ({
      sitting,
      runners: entries
        .filter(({ name, groups }) => groups.includes(sitting.group) && wantsContender(name))
        .map((entry) => ({
          entry,
          cells: sitting.cells.filter((cell) => wantsCell(cell) && (!entry.doesFewCells || isAmongFew(cell))),
        }))
        .filter(({ cells }) => cells.length > 0),
    }))
    .filter(({ runners }) => runners.length > 0)
}

/** All curves are of isock. */
export function chosenCurves({ wantsCurve, wantsContender }: Pick<Plan, 'wantsCurve' | 'wantsContender'>): Curve[] {
  return wantsContender('isock') ? curves.filter(wantsCurve) : []
}

async function measureSuperjson({ rounds, onProgress }: Plan): Promise<Results['superjson']> {
  const taken: number[] = []
  for (let round = 1; round <= rounds; round++) {
    onProgress(`superjson alone: round ${round}`)
    taken.push(await sampleSuperjson())
  }
  return spreadOf(taken)
}

/** The samples of one sitting. */
class Table {
  readonly #plan: Plan
  readonly #seated: Seated
  readonly #place: string
  readonly #samples = new Map<string, Sample[]>()
  readonly #failures = new Map<string, Failure>()

  constructor(plan: Plan, seated: Seated, place: string) {
    this.#plan = plan
    this.#seated = seated
    this.#place = place
  }

  async fill(): Promise<{ rows: Row[]; failures: Failure[] }> {
    const { sitting, runners } = this.#seated
    for (let round = 0; round < this.#plan.rounds; round++) {
      // Another one begins each round.
      for (let i = 0; i < runners.length; i++) {
        await this.#sit(runners[(i + round) % runners.length] as Seated['runners'][number], round)
      }
    }
    const rows = sitting.cells.flatMap((cell) =>
      runners.flatMap(({ entry: { name, kind } }) => {
        const samples = this.#samples.get(keyOf(cell, name))
        return samples === undefined ? [] : [rowOf(cell, name, kind, samples)]
      }),
    )
    return { rows, failures: [...this.#failures.values()] }
  }

  async #sit({ entry, cells }: Seated['runners'][number], round: number): Promise<void> {
    const { sitting } = this.#seated
    let sampler: Sampler | undefined
    for (const cell of cells) {
      const key = keyOf(cell, entry.name)
      if (this.#failures.has(key)) continue
      this.#plan.onProgress(`${this.#place} ${cell.name}: round ${round + 1} of ${this.#plan.rounds}, ${entry.name}`)
      try {
        sampler ??= await startSampler(entry, sitting)
        const sample = await this.#quietSample(sampler, cell)
        this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample])
      } catch (error) {
        this.#failures.set(key, {
          cell: cell.name,
          group: cell.group,
          contender: entry.name,
          reason: (error as Error).message,
        })
        await sampler?.close()
        sampler = undefined
      }
    }
    await sampler?.close()
  }

  async #quietSample(sampler: Sampler, cell: Cell): Promise<Sample> {
    let best = await sampler.sample(cell, this.#plan.ms)
    for (let tries = 1; best.stolen > mostStolen && tries < mostTries; tries++) {
      const again = await sampler.sample(cell, this.#plan.ms)
      if (again.stolen < best.stolen) best = again
    }
    return best
  }
}

async function startSampler({ module, fanout }: Entry, { group, actions, cells }: Sitting): Promise<Sampler> {
  if (group !== 'fanout') return Pair.start({ module, actions })
  if (fanout === undefined) throw new Error('has no module for fan-outs')
  return FanoutPair.start(fanout, cells[0]?.links ?? 0)
}

function keyOf(cell: Cell, contender: string): string {
  return `${cell.name} / ${contender}`
}
