// Turns of the event loop between statements and between rows, so that sockets and timers are served while a store works
// in the server's own thread.
import { monotonicNow, setImmediate } from '../../../core/base/platform-timers.ts'

/** How long statements and rows may follow each other without a turn. */
const sliceMs = 10

/** The slices of one store: all its units of work share them. */
export class Slices {
  readonly #now: () => number
  #sinceMs: number
  #turn: Promise<void> | undefined

  constructor(now: () => number = monotonicNow) {
    this.#now = now
    this.#sinceMs = now()
  }

  /**
   * What must be awaited before more work; undefined, which costs nothing, while the slice lasts. To be asked again after
   * it, immediately before the work: those who asked before may have used up the next slice, too.
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
