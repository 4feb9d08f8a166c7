// The shared parts of the runs of tasks and processes: context, abort and outcome.
import type { Outcome } from '../../core/action/call.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { type DeadlineError, IsockError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import { LinkedAbort } from '../../core/base/linked-abort.ts'
import { withFields } from '../../core/base/log.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { TaskContext } from './task.ts'

/** How long an aborted run has to end, in milliseconds. */
export const abortGraceMs = 1_000

/** Creates the context of a run of the task or process with this name. */
export function contextFor(name: string, signal: AbortSignal, { server, log }: ServerKit): TaskContext {
  return {
    name,
    server,
    signal,
    log: withFields(log, { task: name }),
    publish: (topic, message, options) => server.publish(topic, message, options),
  }
}

/** Runs user code, synchronous or not. Returns whether it succeeded, or the error that it threw. */
export async function outcomeOf(work: () => unknown): Promise<Outcome<unknown>> {
  try {
    await work()
    return { ok: true, value: undefined }
  } catch (error) {
    return { ok: false, error }
  }
}

/** True when the run ended because it was aborted, which is not a failure. */
export function isStop(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  if (error === signal.reason || (error as Error | undefined)?.name === 'AbortError') return true
  return error instanceof IsockError && error.code === 'CANCELLED'
}

/** Settles when `end`, which must never reject, has settled, or when the signal aborts. Check the signal afterwards. */
export function endedOrAborted(end: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const unfollow = followSignal(signal, resolve)
    void end.then(() => {
      unfollow()
      resolve()
    })
  })
}

/** Aborts one run when its parent signal aborts or its time limit has passed. */
export class RunAbort {
  readonly #abort: LinkedAbort
  readonly #clock: Clock
  readonly #limit: Timer | undefined
  #grace: Timer | undefined

  /** `timeoutError` creates the abort reason when `limitMs` has passed. */
  constructor(parent: AbortSignal, clock: Clock, limitMs: number, timeoutError?: () => DeadlineError) {
    this.#clock = clock
    this.#abort = new LinkedAbort(parent)
    if (limitMs !== Number.POSITIVE_INFINITY)
      this.#limit = this.#abort.abortAfter(clock, limitMs, () => timeoutError?.())
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  abort(reason: IsockError): void {
    this.#abort.abort(reason)
  }

  /** Settles with the outcome of the work or, `abortGraceMs` after an abort, with its reason. Keeps the process alive until then. */
  async orTimedOut(work: Promise<Outcome<unknown>>): Promise<Outcome<unknown>> {
    this.#limit?.keepProcessAlive(true)
    const givenUp = new Promise<Outcome<unknown>>((resolve) => {
      followSignal(this.signal, () => {
        this.#grace = this.#clock.setTimer(() => resolve({ ok: false, error: this.signal.reason }), abortGraceMs)
        this.#grace.keepProcessAlive(true)
      })
    })
    return Promise.race([work, givenUp])
  }

  /** Releases the timers. Called when the run has ended. */
  close(): void {
    this.#abort.close()
    this.#grace?.cancel()
  }
}
