// What the runs of tasks and processes have in common: what they see, how they are told to end, what becomes of what
// they throw.
import type { Outcome } from '../../core/action/call.ts'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { type DeadlineError, IsockError } from '../../core/base/errors.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import { withFields } from '../../core/base/log.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import type { TaskContext } from './task.ts'

/** What a run gets to end in after it was told to. */
export const lastCallMs = 1_000

/** The context of a run of what has this name. */
export function contextFor(name: string, signal: AbortSignal, { server, log }: ServerKit): TaskContext {
  return {
    name,
    server,
    signal,
    log: withFields(log, { task: name }),
    publish: (topic, message, options) => server.publish(topic, message, options),
  }
}

/** What user code returned or threw, whichever way. */
export async function outcomeOf(work: () => unknown): Promise<Outcome<unknown>> {
  try {
    await work()
    return { ok: true, value: undefined }
  } catch (error) {
    return { ok: false, error }
  }
}

/** The run ended because it was told to, which is no failure. */
export function isStop(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  if (error === signal.reason || (error as Error | undefined)?.name === 'AbortError') return true
  return error instanceof IsockError && error.code === 'CANCELLED'
}

/** Waits for the end of runs before this one, which never rejects, or until this one is told to end: look at its signal. */
export function endedOrTold(end: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const unfollow = followSignal(signal, resolve)
    void end.then(() => {
      unfollow()
      resolve()
    })
  })
}

/** A promise for work that begins later. Who waits for a run has it before the run, which may ask for that itself. */
export function toBegin<T>(): { readonly work: Promise<T>; readonly begin: (work: Promise<T>) => void } {
  let begin: (work: Promise<T>) => void = () => undefined
  const work = new Promise<T>((resolve) => {
    begin = resolve
  })
  return { work, begin }
}

/** Tells one run to end: when a wider signal says so, or its time is up. */
export class Telling {
  readonly #abort = new AbortController()
  readonly #unfollow: () => void
  readonly #clock: Clock
  readonly #limit: Timer | undefined
  #lastCall: Timer | undefined

  /** With a limit goes the error that says that it has passed. */
  constructor(parent: AbortSignal, clock: Clock, limitMs: number, lateError?: () => DeadlineError) {
    this.#clock = clock
    this.#unfollow = followSignal(parent, () => this.#abort.abort(parent.reason))
    if (limitMs !== Number.POSITIVE_INFINITY)
      this.#limit = clock.setTimer(() => this.#abort.abort(lateError?.()), limitMs)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  tell(reason: IsockError): void {
    this.#abort.abort(reason)
  }

  /** The outcome of the work; or, a little after it was told to end, why it was. Keeps the process alive meanwhile. */
  async orGivenUp(work: Promise<Outcome<unknown>>): Promise<Outcome<unknown>> {
    this.#limit?.keepProcessAlive(true)
    const givenUp = new Promise<Outcome<unknown>>((resolve) => {
      followSignal(this.signal, () => {
        this.#lastCall = this.#clock.setTimer(() => resolve({ ok: false, error: this.signal.reason }), lastCallMs)
        this.#lastCall.keepProcessAlive(true)
      })
    })
    return Promise.race([work, givenUp])
  }

  /** The run is over. */
  close(): void {
    this.#unfollow()
    this.#limit?.cancel()
    this.#lastCall?.cancel()
  }
}
