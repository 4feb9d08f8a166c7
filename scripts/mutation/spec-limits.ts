// Which specs are run for the faults of a room, and how long they may take.
import { specsOf } from './rooms.ts'
import { runSpecs } from './spec-run.ts'

export const allSpecs = 'spec/**/*.spec.ts'
const leastMs = 30_000

export interface Limit {
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
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

/** Which specs a room has, and how long they take without a fault. Rejects where they fail without one. */
export class SpecLimits {
  readonly #options: SpecLimitsOptions
  readonly #known = new Map<string | undefined, Promise<Limit>>()

  constructor(options: SpecLimitsOptions) {
    this.#options = options
  }

  /** Of a room, or of all specs. Measured once, in a workspace without a fault. */
  measure(room: string | undefined): Promise<Limit> {
    const limit = this.#known.get(room) ?? this.#measure(room)
    this.#known.set(room, limit)
    return limit
  }

  async #measure(room: string | undefined): Promise<Limit> {
    const { root, path, jobs, more, timeoutMs, signal, tell } = this.#options
    const own = room === undefined ? [] : specsOf(root, room)
    const specs = own.length === 0 ? [allSpecs] : [...new Set([...own, ...more])]
    tell(`running ${specs.join(' ')} without a fault`)
    const startedAt = performance.now()
    const result = await runSpecs({ cwd: path, specs, timeoutMs: 3_600_000, signal })
    if (result.how !== 'passed') {
      const what = result.how === 'failed' ? `: ${result.spec}` : ''
      throw new Error(`${specs.join(' ')} must pass without a fault, but ${result.how}${what}`)
    }
    const tookMs = performance.now() - startedAt
    return { specs, timeoutMs: timeoutMs ?? Math.max(leastMs, 3 * jobs * tookMs) }
  }
}
