// Those who wait for their turn, in order of arrival: one at a time, or as many as there are places. How many may wait is
// bounded, and shared fairly: when it is full, a call gets the place of the last one of the address or identity that has most
// of them, if that has more than its own. Who is aborted while waiting leaves the line and never has a turn. A caller may
// ask for a place that is never given to another; at most half of the places are kept like that.
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

interface Waiting {
  /** Whom it counts for. */
  readonly holders: Holders
  leave(): void
  refuse(reason: BusyError): void
}

/** Whom a call counts for: see `ServerSession.holders`. */
export type Holders = readonly object[]

/** Where nobody is known whom a call is for. */
const nobody: Holders = [{}]

export class Line {
  readonly #label: string
  readonly #maxWaiting: number
  readonly #places: number
  readonly #waiting = new Queue<() => void>()
  /** In their order. */
  readonly #waitingOf = new Map<object, Set<Waiting>>()
  #takenCount = 0
  /** Places that are not given to others. */
  #keptCount = 0
  #whenIdle: (() => void)[] = []

  constructor({ label, maxWaiting, places = 1 }: LineOptions) {
    this.#label = label
    this.#maxWaiting = maxWaiting
    this.#places = places
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /**
   * Runs the work in its turn; while it waits it counts for these. Rejects as not started: BusyError, CancelledError,
   * DeadlineError. `onKept` asks for a place that is not given to another, and is called where there is one.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>, holders = nobody, onKept?: () => void): Promise<T> {
    if (signal.aborted) throw this.#leftError(signal.reason)
    if (this.#takenCount < this.#places) this.#takenCount++
    else {
      await this.#waitForTurn(signal, holders, onKept)
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

  async #waitForTurn(signal: AbortSignal, holders: Holders, onKept: (() => void) | undefined): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) this.#makeRoom(holders)
    // The other half is shared fairly, so that kept places cannot shut out everybody else.
    const isKept = onKept !== undefined && this.#keptCount < this.#maxWaiting / 2
    if (isKept) this.#keptCount++
    await new Promise<void>((resolve, reject) => {
      const forget = (): void => {
        if (isKept) this.#keptCount--
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
      if (!isKept)
        for (const holder of holders)
          this.#waitingOf.set(holder, (this.#waitingOf.get(holder) ?? new Set()).add(waiting))
      const unfollow = followSignal(signal, () => {
        place.leave()
        forget()
        reject(this.#leftError(signal.reason))
      })
      if (isKept) onKept()
    })
  }

  /** Refuses a call in the place of this one, which is of somebody who has fewer; throws BusyError where there is none. */
  #makeRoom(holders: Holders): void {
    const full = `${this.#label}: ${this.#maxWaiting} calls wait for it already`
    const own = Math.max(...holders.map((holder) => this.#waitingOf.get(holder)?.size ?? 0))
    let most: ReadonlySet<Waiting> = new Set()
    for (const waiting of this.#waitingOf.values()) if (waiting.size > most.size) most = waiting
    const last = most.size > own + 1 ? [...most].at(-1) : undefined
    if (last === undefined) throw new BusyError(`${full}; try again later`)
    last.leave()
    last.refuse(new BusyError(`${full}, most of them of this client; try again later`))
  }

  #forget(waiting: Waiting): void {
    for (const holder of waiting.holders) {
      const own = this.#waitingOf.get(holder)
      own?.delete(waiting)
      if (own?.size === 0) this.#waitingOf.delete(holder)
    }
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
