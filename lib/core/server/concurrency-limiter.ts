// A limit on concurrent work; the rest waits in arrival order. The number of waiters is bounded and shared fairly: when the
// queue is full, a call replaces the last waiter of the address or identity with the most waiters, if that one has more than
// the call's own. An aborted waiter is removed and never runs. A caller may ask for a protected place that is never given to
// another; at most half of the places are protected.
import { BusyError, CancelledError, DeadlineError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { Queue } from '../base/queue.ts'

export interface ConcurrencyLimiterOptions {
  /** The limited resource, for errors: `service "Counter"`. */
  readonly label: string
  /** How many may wait. */
  readonly maxWaiting: number
  /** How many may run concurrently. Default 1. */
  readonly places?: number
}

interface Waiting {
  /** The holders it counts for. */
  readonly holders: Holders
  leave(): void
  refuse(reason: BusyError): void
}

/** The holders a call counts for: see `ServerSession.holders`. */
export type Holders = readonly object[]

/** For calls without a known holder. */
const anonymous: Holders = [{}]

export class ConcurrencyLimiter {
  readonly #label: string
  readonly #maxWaiting: number
  readonly #places: number
  readonly #waiting = new Queue<() => void>()
  /** In arrival order. */
  readonly #waitingOf = new Map<object, Set<Waiting>>()
  #takenCount = 0
  /** Places protected from replacement. */
  #protectedCount = 0
  #whenIdle: (() => void)[] = []

  constructor({ label, maxWaiting, places = 1 }: ConcurrencyLimiterOptions) {
    this.#label = label
    this.#maxWaiting = maxWaiting
    this.#places = places
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /**
   * Runs the work in its turn; while it waits, it counts for `holders`. Rejects as not started: BusyError, CancelledError,
   * DeadlineError. `onProtected` asks for a place that is never given to another, and is called if it gets one.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>, holders = anonymous, onProtected?: () => void): Promise<T> {
    if (signal.aborted) throw this.#leftError(signal.reason)
    if (this.#takenCount < this.#places) this.#takenCount++
    else {
      await this.#waitForTurn(signal, holders, onProtected)
      // It may have been aborted between getting its turn and this line.
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

  /** Settles when nothing runs or waits. */
  async idle(): Promise<void> {
    if (this.#takenCount > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  async #waitForTurn(signal: AbortSignal, holders: Holders, onProtected: (() => void) | undefined): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) this.#makeRoom(holders)
    // The other half is shared fairly, so that protected places cannot shut out everyone else.
    const isProtected = onProtected !== undefined && this.#protectedCount < this.#maxWaiting / 2
    if (isProtected) this.#protectedCount++
    await new Promise<void>((resolve, reject) => {
      const forget = (): void => {
        if (isProtected) this.#protectedCount--
        else this.#forget(waiting)
      }
      const over = (): void => {
        unfollow()
        forget()
      }
      const place = this.#waiting.add(() => {
        over()
        resolve()
      })
      const waiting: Waiting = {
        holders,
        leave: () => place.leave(),
        refuse: (reason) => {
          over()
          reject(reason)
        },
      }
      if (!isProtected)
        for (const holder of holders)
          this.#waitingOf.set(holder, (this.#waitingOf.get(holder) ?? new Set()).add(waiting))
      const unfollow = followSignal(signal, () => {
        place.leave()
        forget()
        reject(this.#leftError(signal.reason))
      })
      if (isProtected) onProtected()
    })
  }

  /** Rejects a waiter of a holder that has more than this one's; throws BusyError if there is none. */
  #makeRoom(holders: Holders): void {
    const full = `${this.#label}: ${this.#maxWaiting} calls are waiting already`
    const own = Math.max(...holders.map((holder) => this.#waitingOf.get(holder)?.size ?? 0))
    let most: ReadonlySet<Waiting> = new Set()
    for (const waiting of this.#waitingOf.values()) if (waiting.size > most.size) most = waiting
    const last = most.size > own + 1 ? [...most].at(-1) : undefined
    if (last === undefined) throw new BusyError(`${full}; try again later`)
    last.leave()
    last.refuse(new BusyError(`${full}, most of them from this client; try again later`))
  }

  #forget(waiting: Waiting): void {
    for (const holder of waiting.holders) {
      const own = this.#waitingOf.get(holder)
      own?.delete(waiting)
      if (own?.size === 0) this.#waitingOf.delete(holder)
    }
  }

  /** Passes the turn on without a gap, so that a newcomer cannot get it first. */
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
