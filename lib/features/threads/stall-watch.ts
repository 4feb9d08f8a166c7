// Limits how long a run may hold its thread for a reader that does not take its items. That is harmless while nobody waits
// for a thread. Once somebody does, a slow reader gets time for what it takes, and one that takes next to nothing is dropped.
import type { Clock, Timer } from '../../core/base/clock.ts'

/** A reader slower than this is too slow. */
const slowestBytesPerMs = 16
/** How often it checks for waiting calls, once the time is over. */
const lookEveryMs = 1_000

export interface StallWatchOptions {
  readonly clock: Clock
  /** How long a run may stall, beyond the time that a slow reader needs for what it takes. */
  readonly maxStallMs: number
  /** Whether a call waits for a thread. */
  readonly isWanted: () => boolean
  /** Called once, when the reader is too slow. */
  readonly onStalled: () => void
}

export class StallWatch {
  readonly #options: StallWatchOptions
  /** Items that the reader has not taken. */
  #waitingCount = 0
  #waitingBytes = 0
  #sinceMs = 0
  /** The patience left at that time. Reading faster than required earns no extra patience. */
  #leftMs: number
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#leftMs = options.maxStallMs
  }

  /** Settles when an item of this size is taken, and counts the time until then. */
  async during(taking: Promise<void>, bytes: number): Promise<void> {
    this.#waitingBytes += bytes
    this.#leftMs += bytes / slowestBytesPerMs
    if (this.#waitingCount++ === 0) this.#begin()
    try {
      await taking
    } finally {
      this.#waitingBytes -= bytes
      this.#waitingCount--
      this.#onTaken()
    }
  }

  /** Called when the run is over. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #begin(): void {
    this.#sinceMs = this.#options.clock.now()
    this.#lookIn(this.#stillLeftMs)
  }

  #onTaken(): void {
    this.#timer?.cancel()
    const mostMs = this.#options.maxStallMs + this.#waitingBytes / slowestBytesPerMs
    this.#leftMs = Math.min(mostMs, Math.max(0, this.#stillLeftMs))
    if (this.#waitingCount > 0) this.#begin()
  }

  get #stillLeftMs(): number {
    return this.#leftMs - (this.#options.clock.now() - this.#sinceMs)
  }

  #lookIn(ms: number): void {
    if (!this.#isClosed) this.#timer = this.#options.clock.setTimer(this.#look, Math.max(0, ms))
  }

  readonly #look = (): void => {
    const { isWanted, onStalled } = this.#options
    const leftMs = this.#stillLeftMs
    if (leftMs > 0) this.#lookIn(leftMs)
    else if (isWanted()) onStalled()
    else this.#lookIn(lookEveryMs)
  }
}
