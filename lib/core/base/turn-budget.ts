// How much of something may be done within a turn of the event loop, so that all that takes turns in it comes round soon: half
// as much after a turn that took long, a quarter more after each that did not. What one part of a turn starts, others of it
// finish, and the collection of garbage comes between: so the whole turn is timed.
import type { Clock } from './clock.ts'

/** A turn that takes longer is too long. */
const longTurnMs = 20

export interface TurnBudgetOptions {
  /** What is done within a turn where turns are short. */
  readonly most: number
  /** What is done however long turns take. */
  readonly least: number
}

export class TurnBudget {
  readonly #clock: Pick<Clock, 'now'>
  readonly #options: TurnBudgetOptions
  #amount: number
  #beganAtMs: number | undefined

  constructor(clock: Pick<Clock, 'now'>, options: TurnBudgetOptions) {
    this.#clock = clock
    this.#options = options
    this.#amount = options.most
  }

  /** What may be done within a turn, as of the last one. */
  get amount(): number {
    return this.#amount
  }

  /** A turn begins. */
  begin(): void {
    const nowMs = this.#clock.now()
    if (this.#beganAtMs !== undefined) {
      const { most, least } = this.#options
      const isLong = nowMs - this.#beganAtMs > longTurnMs
      this.#amount = isLong ? Math.max(least, this.#amount / 2) : Math.min(most, this.#amount * 1.25)
    }
    this.#beganAtMs = nowMs
  }

  /** Nothing waits for the next turn: the time until then tells nothing. */
  rest(): void {
    this.#beganAtMs = undefined
  }
}
