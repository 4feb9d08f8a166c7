// The service runs that no client's call ends: those of the server's own program, and those whose clients have their
// receipts. Each has its own signal, and all of them end with the server.
import type { Clock, Timer } from '../../core/base/clock.ts'
import { followSignal } from '../../core/base/followed-signals.ts'

/** The signal of one run. The caller of `begin` calls `end`. */
export interface OwnRun {
  readonly signal: AbortSignal
  /** Sets a time limit. Called at most once. */
  endWithin(delayMs: number, reason: () => unknown): void
  abort(reason: unknown): void
  /** Stops following the parent signal. */
  detach(): void
  end(): void
}

export class OwnRuns {
  readonly #clock: Clock
  readonly #running = new Set<AbortController>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `parent` aborts it, until it is detached. */
  begin(parent: AbortSignal | undefined): OwnRun {
    const controller = new AbortController()
    this.#running.add(controller)
    const detach = followSignal(parent, () => controller.abort(parent?.reason))
    let timer: Timer | undefined
    return {
      signal: controller.signal,
      endWithin: (delayMs, reason) => {
        timer = this.#clock.setTimer(() => controller.abort(reason()), delayMs)
      },
      abort: (reason) => controller.abort(reason),
      detach,
      end: () => {
        detach()
        timer?.cancel()
        this.#running.delete(controller)
      },
    }
  }

  /** The current runs. */
  abortAll(reason: unknown): void {
    for (const controller of this.#running) controller.abort(reason)
  }
}
