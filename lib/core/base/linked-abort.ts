// An AbortController that follows other signals, and may have a time limit. Unlike AbortSignal.any, it releases its
// listeners: a signal that lives as long as a server is followed by thousands of these.
import type { Clock, Timer } from './clock.ts'
import { followSignal } from './followed-signals.ts'

/**
 * Aborts when one of its parents does, with the same reason; immediately if one has already aborted.
 *
 * @example
 * const abort = new LinkedAbort(signal, closing.signal)
 * abort.abortAfter(clock, 10_000, () => new DeadlineError('it took longer than 10 s'))
 * try {
 *   await work(abort.signal)
 * } finally {
 *   abort.close()
 * }
 */
export class LinkedAbort {
  readonly #controller = new AbortController()
  readonly #unfollows: (() => void)[] = []
  #limit: Timer | undefined

  /** @param parents undefined: never aborts. */
  constructor(...parents: readonly (AbortSignal | undefined)[]) {
    for (const parent of parents) {
      this.#unfollows.push(followSignal(parent, () => this.abort(parent?.reason)))
      if (this.signal.aborted) return
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Aborts it; the first reason counts. Releases its listeners and its timer. */
  abort(reason?: unknown): void {
    this.close()
    this.#controller.abort(reason)
  }

  /** Sets its time limit. Called at most once. The timer does not keep the process alive unless asked to. */
  abortAfter(clock: Clock, delayMs: number, reason: () => unknown): Timer {
    this.#limit = clock.setTimer(() => this.abort(reason()), delayMs)
    return this.#limit
  }

  /** Stops following its parents; a time limit stays. */
  unlink(): void {
    for (const unfollow of this.#unfollows.splice(0)) unfollow()
  }

  /** Releases its listeners and its timer: only `abort` aborts it from now on. */
  close(): void {
    this.unlink()
    this.#limit?.cancel()
  }
}
