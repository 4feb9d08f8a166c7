// How much work may be done within one turn of the event loop, so that everything that shares the loop gets its turn soon:
// half as much after a long turn, a quarter more after each short one. The whole turn is timed, because work started in one
// part of it finishes in another, and garbage collection may come in between.
import type { Clock } from './clock.ts'

/** A turn that takes longer is too long. */
const longTurnMs = 20

export interface TurnBudgetOptions {
  /** The amount per turn while turns are short. */
  readonly most: number
  /** The amount per turn however long turns take. */
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

  /** How much may be done in the current turn. */
  get amount(): number {
    return this.#amount
  }

  /** Called when a turn begins. */
  begin(): void {
    const nowMs = this.#clock.now()
    if (this.#beganAtMs !== undefined) {
      const { most, least } = this.#options
      const isLong = nowMs - this.#beganAtMs > longTurnMs
      this.#amount = isLong ? Math.max(least, this.#amount / 2) : Math.min(most, this.#amount * 1.25)
    }
    this.#beganAtMs = nowMs
  }

  /** Called when nothing waits for the next turn: the time until then means nothing. */
  rest(): void {
    this.#beganAtMs = undefined
  }
}
