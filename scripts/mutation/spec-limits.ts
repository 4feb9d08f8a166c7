// Which specs are run for the faults of a room, and how long they may take.
import { specsOf, widerSpecsOf } from './rooms.ts'
import { runSpecs, type SpecResult } from './spec-run.ts'

const allSpecs = 'spec/**/*.spec.ts'
const leastMs = 30_000

/** The specs of the room itself, those of the rooms that use it, or all there are. */
export type Reach = 'own' | 'wider' | 'all'

export interface Limit {
  /** None where there is nothing beyond what was run before. */
  readonly specs: readonly string[]
  readonly timeoutMs: number
}

export interface SpecLimitsOptions {
  /** Of the project. */
  readonly root: string
  /** Of a copy in which no fault is planted while this measures. */
  readonly path: string
  readonly jobs: number
  /** Specs beside those of a room. */
  readonly more: readonly string[]
  /** Where it is given, nothing is measured. */
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

/** Which specs a room has, and how long they take without a fault. Rejects where they fail without one. */
export class SpecLimits {
  readonly #options: SpecLimitsOptions
  readonly #known = new Map<string, Promise<Limit>>()

  constructor(options: SpecLimitsOptions) {
    this.#options = options
  }

  /** Of a room. Each list of specs is measured once, in a workspace without a fault. */
  measure(room: string, reach: Reach): Promise<Limit> {
    const specs = this.#specsOf(room, reach)
    const key = specs.join(' ')
    const limit = this.#known.get(key) ?? this.#measure(specs)
    this.#known.set(key, limit)
    return limit
  }

  #specsOf(room: string, reach: Reach): string[] {
    const { root, more } = this.#options
    const own = specsOf(root, room)
    if (reach === 'own') return own.length === 0 ? [allSpecs] : [...new Set([...own, ...more])]
    if (own.length === 0) return []
    return reach === 'wider' ? widerSpecsOf(root, room) : [allSpecs]
  }

  async #measure(specs: readonly string[]): Promise<Limit> {
    const { path, jobs, timeoutMs, signal, tell } = this.#options
    if (specs.length === 0) return { specs, timeoutMs: 0 }
    if (timeoutMs !== undefined) return { specs, timeoutMs }
    tell(`running ${specs.join(' ')} without a fault`)
    let startedAt = performance.now()
    const run = (): Promise<SpecResult> => runSpecs({ cwd: path, specs, timeoutMs: 3_600_000, signal })
    let result = await run()
    if (result.how === 'failed') {
      tell(`${result.spec} failed without a fault; running them once more`)
      startedAt = performance.now()
      result = await run()
    }
    if (result.how !== 'passed') {
      const what = result.how === 'failed' ? `: ${result.spec}` : ''
      throw new Error(`${specs.join(' ')} must pass without a fault, but ${result.how}${what}`)
    }
    const tookMs = performance.now() - startedAt
    return { specs, timeoutMs: Math.max(leastMs, 3 * jobs * tookMs) }
  }
}
