// The load of `isock bench`: runs a fixed number of calls concurrently, as fast as they return or at a fixed rate, and records
// their latencies and failures.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { RemoteError } from '../core/base/errors.ts'
import { followSignal } from '../core/base/followed-signals.ts'
import { Pacer } from './pacer.ts'

export interface LoadPlan {
  /** Each place runs one call at a time. */
  readonly places: readonly (() => PromiseLike<unknown>)[]
  /** The number of calls; undefined: as many as the time allows. */
  readonly calls: number | undefined
  /** No call is started after this time; undefined: no limit. */
  readonly durationMs: number | undefined
  /** Calls per second, started when due whether or not others have returned; undefined: as fast as they return. */
  readonly rate: number | undefined
}

export class Load {
  /** Microseconds of successful calls, to 0.01 %. With a rate, measured from when a call was due, including its wait for a place. */
  readonly latenciesUs: RecordableHistogram = createHistogram({ figures: 4 })
  /** The number of failed calls, by the error's code, or by its name if it has none. */
  readonly failures = new Map<string, number>()
  /** One example error for each code. */
  readonly examples = new Map<string, unknown>()
  readonly #plan: LoadPlan
  readonly #pacer = new Pacer()
  #started = 0
  #startedAt = 0
  #endedAt: number | undefined
  #isStopped = false

  constructor(plan: LoadPlan) {
    this.#plan = plan
  }

  /** Waits for the calls that were started, unless the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#startedAt = performance.now()
    const stopped = new Promise<void>((resolve) => void followSignal(signal, resolve))
    await Promise.race([stopped, Promise.all(this.#plan.places.map((call) => this.#occupy(call)))])
    this.#isStopped = true
    this.#pacer.close()
    this.#endedAt = performance.now()
  }

  get elapsedMs(): number {
    return (this.#endedAt ?? performance.now()) - this.#startedAt
  }

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Calls that were due, but found no free place. */
  get notStarted(): number {
    const { rate, calls = Number.POSITIVE_INFINITY, durationMs = Number.POSITIVE_INFINITY } = this.#plan
    if (rate === undefined) return 0
    const due = Math.floor((Math.min(durationMs, this.elapsedMs) * rate) / 1_000)
    return Math.max(0, Math.min(calls, due) - this.#started)
  }

  async #occupy(call: () => PromiseLike<unknown>): Promise<void> {
    while (this.#hasMore()) {
      const dueAt = this.#nextDueAt()
      if (dueAt !== undefined) await this.#pacer.until(dueAt)
      if (this.#isStopped) return
      const from = dueAt ?? performance.now()
      try {
        await call()
        if (!this.#isStopped) this.#record(performance.now() - from)
      } catch (error) {
        if (!this.#isStopped) this.#countFailure(error)
      }
    }
  }

  #hasMore(): boolean {
    const { calls, durationMs, rate } = this.#plan
    if (this.#isStopped || (calls !== undefined && this.#started >= calls)) return false
    if (durationMs === undefined) return true
    const isLastDue = rate !== undefined && (this.#started * 1_000) / rate >= durationMs
    return !isLastDue && performance.now() - this.#startedAt < durationMs
  }

  #nextDueAt(): number | undefined {
    const { rate } = this.#plan
    const nth = this.#started++
    return rate === undefined ? undefined : this.#startedAt + (nth * 1_000) / rate
  }

  /** A histogram takes whole numbers from 1. */
  #record(ms: number): void {
    this.latenciesUs.record(Math.max(1, Math.ceil(ms * 1_000)))
  }

  #countFailure(error: unknown): void {
    const code = codeOf(error)
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
    if (!this.examples.has(code)) this.examples.set(code, error)
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'thrown'
  const own = error instanceof RemoteError && error.code === 'REMOTE_ERROR' ? error.data : error
  const { code } = own as { code?: unknown }
  return typeof code === 'string' || typeof code === 'number' ? String(code) : error.name
}
