// Those who wait for their turn, in order of arrival: one at a time, or as many as there are places. How many may wait is
// bounded. Who is aborted while waiting leaves the line and never has a turn.
import { BusyError, CancelledError, DeadlineError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { Queue } from '../base/queue.ts'

export interface LineOptions {
  /** What it leads to, for errors: `service "Counter"`. */
  readonly label: string
  /** How many may wait. */
  readonly maxWaiting: number
  /** How many have their turn at once. Default 1. */
  readonly places?: number
}

export class Line {
  readonly #label: string
  readonly #maxWaiting: number
  readonly #places: number
  readonly #waiting = new Queue<() => void>()
  #takenCount = 0
  #whenIdle: (() => void)[] = []

  constructor({ label, maxWaiting, places = 1 }: LineOptions) {
    this.#label = label
    this.#maxWaiting = maxWaiting
    this.#places = places
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Runs the work in its turn. Rejects as not started: BusyError, CancelledError, DeadlineError. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw this.#leftError(signal.reason)
    if (this.#takenCount < this.#places) this.#takenCount++
    else {
      await this.#waitForTurn(signal)
      // It may have been aborted after it got its turn, before it got here.
      if (signal.aborted) {
        this.#next()
        throw this.#leftError(signal.reason)
      }
    }
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** Settles when nobody has a turn or waits for one. */
  async idle(): Promise<void> {
    if (this.#takenCount > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  async #waitForTurn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting)
      throw new BusyError(`${this.#label}: ${this.#maxWaiting} calls wait for it already; try again later`)
    await new Promise<void>((resolve, reject) => {
      const place = this.#waiting.add(() => {
        unfollow()
        resolve()
      })
      const unfollow = followSignal(signal, () => {
        place.leave()
        reject(this.#leftError(signal.reason))
      })
    })
  }

  /** The turn passes on without a gap, so that nobody who comes meanwhile is first. */
  #next(): void {
    const start = this.#waiting.take()
    if (start !== undefined) return start()
    this.#takenCount--
    if (this.#takenCount > 0) return
    const idle = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of idle) resolve()
  }

  #leftError(cause: unknown): CancelledError | DeadlineError {
    const ErrorClass = cause instanceof DeadlineError ? DeadlineError : CancelledError
    return new ErrorClass(`${this.#label}: the call ended while it waited for its turn`, { cause, notStarted: true })
  }
}
