// The share of the event loop that handlers and loops of the program get: messages that came together are handled one after the other
// without a turn between, which in a page means without a frame. After some milliseconds the loop gets one.
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

  /** A handler ran since then. */
  spentSince(beganAtMs: number): void {
    this.#spentMs += this.now() - beganAtMs
  }

  /** The next one is to wait for another turn. */
  get isOver(): boolean {
    return this.#isPlanned || this.#spentMs >= shareMs
  }

  /** Calls in another turn, in the order of asking. */
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
      // Those that had no turn yet come before those that had theirs.
      if (this.isOver) {
        this.#waiting.unshift(...waiting.slice(i))
        return this.#plan()
      }
      run()
    }
  }
}

/** Of this process, or this page: they share one event loop. */
const shared = new HandlerTurns(monotonicNow, nextTurn)
/** Where a test moves the time, handlers take none: what happens must not depend on how fast the machine is. */
const timeless = new HandlerTurns(() => 0, nextTurn)

export function turnsOf(clock: Clock): HandlerTurns {
  return clock === platformClock ? shared : timeless
}

/** One `for await` loop: what it does between two steps counts as a handler's time. */
export class LoopTurns {
  readonly turns: HandlerTurns
  #handedAtMs: number | undefined

  constructor(turns: HandlerTurns) {
    this.turns = turns
  }

  /** It asks for its next step. True: in another turn, by `later`. */
  asks(): boolean {
    if (this.#handedAtMs !== undefined) this.turns.spentSince(this.#handedAtMs)
    this.#handedAtMs = undefined
    return this.turns.isOver
  }

  /** It was handed a step. */
  handed(): void {
    this.#handedAtMs = this.turns.now()
  }
}
