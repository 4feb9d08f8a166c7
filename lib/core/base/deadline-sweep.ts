// One timer for many deadlines. It is set to the earliest; when it fires, the owner looks through its own table. A timer
// per call was the most expensive part of a small call; a sweep over the table costs nothing in between. A timer that fires
// much too late means that the process was suspended (SIGSTOP, a debugger, a frozen page, a long computation): answers that
// arrived meanwhile wait in the sockets, and are read before deadlines are checked.
import type { Clock, Timer } from './clock.ts'

/**
 * Looks through a table, settles what is due, and returns the earliest remaining deadline (Infinity: none). `lateByMs` is how
 * long the process was suspended, or 0.
 */
export type Sweep = (nowMs: number, lateByMs: number) => number

/** A timer later than this was held up. */
const lateMs = 50
/** Turns that the sockets then get. One turn reads a few megabytes from each. */
const turnsForSockets = 3

export class DeadlineSweep {
  readonly #clock: Clock
  readonly #sweep: Sweep
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #keepsAlive = false
  #isClosed = false

  constructor(clock: Clock, sweep: Sweep) {
    this.#clock = clock
    this.#sweep = sweep
  }

  /** Ensures that the sweep runs at this time or earlier. Cheap when an earlier one is already set. */
  watch(deadlineAtMs: number): void {
    if (deadlineAtMs >= this.#timerAtMs || this.#isClosed) return
    this.#timer?.cancel()
    this.#timerAtMs = deadlineAtMs
    this.#timer = this.#clock.setTimer(this.#run, deadlineAtMs - this.#clock.now())
    if (this.#keepsAlive) this.#timer.keepProcessAlive(true)
  }

  /** Whether a set timer keeps the process running: true while anything waits for what it guards. */
  keepProcessAlive(keep: boolean): void {
    if (keep === this.#keepsAlive) return
    this.#keepsAlive = keep
    this.#timer?.keepProcessAlive(keep)
  }

  /** The table is empty: no timer is needed until the next deadline. */
  rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
  }

  close(): void {
    this.#isClosed = true
    this.rest()
  }

  readonly #run = (): void => {
    const byMs = this.#clock.now() - this.#timerAtMs
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
    if (byMs > lateMs) this.#afterSockets(turnsForSockets, byMs)
    else this.#runSweep(0)
  }

  #afterSockets(turns: number, lateByMs: number): void {
    if (this.#isClosed) return
    if (turns === 0) return this.#runSweep(lateByMs)
    const next = (): void => this.#afterSockets(turns - 1, lateByMs)
    if (this.#clock.afterSockets === undefined) this.#clock.setTimer(next, 0)
    else this.#clock.afterSockets(next)
  }

  #runSweep(lateByMs: number): void {
    const nextMs = this.#sweep(this.#clock.now(), lateByMs)
    if (nextMs !== Number.POSITIVE_INFINITY) this.watch(nextMs)
  }
}
