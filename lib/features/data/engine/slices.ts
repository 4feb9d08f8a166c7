// Yields to the event loop between statements and between rows, so that sockets and timers are served while a store works
// on the server's own thread.
import { monotonicNow, setImmediate } from '../../../core/base/platform-timers.ts'

/** How long statements and rows may run without yielding. */
const sliceMs = 10

/** The slices of one store, shared by all its units of work. */
export class Slices {
  readonly #now: () => number
  #sinceMs: number
  #turn: Promise<void> | undefined

  constructor(now: () => number = monotonicNow) {
    this.#now = now
    this.#sinceMs = now()
  }

  /**
   * A promise to await before more work; undefined, which costs nothing, while the slice lasts. Must be called again after
   * the wait, immediately before the work: earlier waiters may have used up the next slice too.
   */
  rest(): Promise<void> | undefined {
    if (this.#turn === undefined && this.#now() - this.#sinceMs < sliceMs) return undefined
    this.#turn ??= this.#nextTurn()
    return this.#turn
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        this.#sinceMs = this.#now()
        resolve()
      })
    })
  }
}
