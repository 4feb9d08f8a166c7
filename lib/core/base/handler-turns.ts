// The share of the event loop that the program's handlers and loops get. Messages that arrive together are handled one
// after the other within one turn, which in a page means without painting a frame. After some milliseconds, the rest wait
// for the next turn.
import { type Clock, platformClock } from './clock.ts'
import { monotonicNow, nextTurn } from './platform-timers.ts'

/** Half of a frame. */
const shareMs = 8

export class HandlerTurns {
  readonly now: () => number
  readonly #nextTurn: (run: () => void) => void
  #spentMs = 0
  #waiting: (() => void)[] = []
  #isPlanned = false

  constructor(now: () => number, inNextTurn: (run: () => void) => void) {
    this.now = now
    this.#nextTurn = inNextTurn
  }

  /** Counts the time since then as a handler's. */
  spentSince(beganAtMs: number): void {
    this.#spentMs += this.now() - beganAtMs
  }

  /** The share is used up: the next handler must wait for another turn. */
  get isOver(): boolean {
    return this.#isPlanned || this.#spentMs >= shareMs
  }

  /** Runs in another turn, in the order of the requests. */
  later(run: () => void): void {
    this.#waiting.push(run)
    this.#plan()
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    this.#nextTurn(this.#runWaiting)
  }

  readonly #runWaiting = (): void => {
    this.#spentMs = 0
    this.#isPlanned = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const [i, run] of waiting.entries()) {
      // Those still waiting come before newly added ones.
      if (this.isOver) {
        this.#waiting.unshift(...waiting.slice(i))
        return this.#plan()
      }
      run()
    }
  }
}

/** Shared by the whole process or page, as the event loop is. */
const shared = new HandlerTurns(monotonicNow, nextTurn)
/** Their handlers count for nothing, so that all of them run in one turn. */
export const endlessTurns = new HandlerTurns(() => 0, nextTurn)

/** In virtual time handlers take no time: a test's result must not depend on the speed of the machine. */
export function turnsOf(clock: Clock): HandlerTurns {
  return clock === platformClock ? shared : endlessTurns
}

/** One `for await` loop: the time between two of its steps counts as a handler's. */
export class LoopTurns {
  readonly turns: HandlerTurns
  #handedAtMs: number | undefined

  constructor(turns: HandlerTurns) {
    this.turns = turns
  }

  /** Called when the loop asks for its next step. Returns true if it must wait for another turn, by `later`. */
  asks(): boolean {
    if (this.#handedAtMs !== undefined) this.turns.spentSince(this.#handedAtMs)
    this.#handedAtMs = undefined
    return this.turns.isOver
  }

  /** Called when the loop was handed a step. */
  handed(): void {
    this.#handedAtMs = this.turns.now()
  }
}
