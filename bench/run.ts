// Measures the contenders in turn, round after round, so that a slow minute of the machine slows all of them.
import { type Cell, type Sitting, sittings } from './cells.ts'
import { type Entry, entries } from './contenders.ts'
import { Pair, type Sample, sampleSuperjson } from './pair.ts'
import { machine } from './processors.ts'
import { type Failure, type Results, type Row, rowOf, spreadOf } from './summary.ts'

export interface Plan {
  readonly rounds: number
  readonly ms: number
  readonly wantsCell: (cell: Cell) => boolean
  readonly wantsContender: (name: string) => boolean
  readonly onProgress: (text: string) => void
}

/** A sample during which the host took more than this away is taken again, so many times. */
const mostStolen = 0.02
const mostTries = 4

export async function run(plan: Plan): Promise<Results> {
  const rows: Row[] = []
  const failures: Failure[] = []
  const chosen = sittings
    .map((sitting) => ({ ...sitting, cells: sitting.cells.filter(plan.wantsCell) }))
    .filter(({ cells }) => cells.length > 0)
  for (const [index, sitting] of chosen.entries()) {
    const done = await new Table(plan, sitting, `${index + 1}/${chosen.length}`).fill()
    rows.push(...done.rows)
    failures.push(...done.failures)
  }
  return {
    machine: machine(),
    date: new Date().toISOString().slice(0, 10),
    rows,
    failures,
    superjson: rows.some(({ group }) => group === 'mix') ? await measureSuperjson(plan) : undefined,
  }
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
  readonly #sitting: Sitting
  readonly #place: string
  readonly #runners: readonly Entry[]
  readonly #samples = new Map<string, Sample[]>()
  readonly #failures = new Map<string, Failure>()

  constructor(plan: Plan, sitting: Sitting, place: string) {
    this.#plan = plan
    this.#sitting = sitting
    this.#place = place
    this.#runners = entries.filter(({ name, groups }) => groups.includes(sitting.group) && plan.wantsContender(name))
  }

  async fill(): Promise<{ rows: Row[]; failures: Failure[] }> {
    for (let round = 0; round < this.#plan.rounds; round++) {
      // Another one begins each round.
      for (let i = 0; i < this.#runners.length; i++) {
        await this.#sit(this.#runners[(i + round) % this.#runners.length] as Entry, round)
      }
    }
    const rows = this.#sitting.cells.flatMap((cell) =>
      this.#runners.flatMap(({ name, kind }) => {
        const samples = this.#samples.get(keyOf(cell, name))
        return samples === undefined ? [] : [rowOf(cell, name, kind, samples)]
      }),
    )
    return { rows, failures: [...this.#failures.values()] }
  }

  async #sit(entry: Entry, round: number): Promise<void> {
    const { cells, actions } = this.#sitting
    let pair: Pair | undefined
    for (const cell of cells) {
      const key = keyOf(cell, entry.name)
      if (this.#failures.has(key)) continue
      this.#plan.onProgress(`${this.#place} ${cell.name}: round ${round + 1} of ${this.#plan.rounds}, ${entry.name}`)
      try {
        pair ??= await Pair.start(entry, actions)
        const sample = await this.#quietSample(pair, cell)
        this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample])
      } catch (error) {
        this.#failures.set(key, { cell: cell.name, contender: entry.name, reason: (error as Error).message })
        await pair?.close()
        pair = undefined
      }
    }
    await pair?.close()
  }

  async #quietSample(pair: Pair, cell: Cell): Promise<Sample> {
    let best = await pair.sample(cell, this.#plan.ms)
    for (let tries = 1; best.stolen > mostStolen && tries < mostTries; tries++) {
      const again = await pair.sample(cell, this.#plan.ms)
      if (again.stolen < best.stolen) best = again
    }
    return best
  }
}

function keyOf(cell: Cell, contender: string): string {
  return `${cell.name} / ${contender}`
}
