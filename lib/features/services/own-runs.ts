// The service runs that no client's call ends: those of the server's own program, and those whose clients have their
// receipts. Each has its own signal, and all of them end with the server.
import type { Clock } from '../../core/base/clock.ts'
import { LinkedAbort } from '../../core/base/linked-abort.ts'

/** The signal of one run. The caller of `begin` calls `end`. */
export interface OwnRun {
  readonly signal: AbortSignal
  /** Sets a time limit. Called at most once. */
  endWithin(delayMs: number, reason: () => unknown): void
  abort(reason: unknown): void
  /** Stops following the parent signals. */
  detach(): void
  end(): void
}

export class OwnRuns {
  readonly #clock: Clock
  readonly #running = new Set<LinkedAbort>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `parents` abort it, until it is detached. */
  begin(...parents: readonly (AbortSignal | undefined)[]): OwnRun {
    const abort = new LinkedAbort(...parents)
    this.#running.add(abort)
    return {
      signal: abort.signal,
      endWithin: (delayMs, reason) => void abort.abortAfter(this.#clock, delayMs, reason),
      abort: (reason) => abort.abort(reason),
      detach: () => abort.unlink(),
      end: () => {
        abort.close()
        this.#running.delete(abort)
      },
    }
  }

  /** The current runs. */
  abortAll(reason: unknown): void {
    for (const abort of this.#running) abort.abort(reason)
  }
}
