// How long a run may hold its thread for a reader that does not take its items. As long as nobody else wants a thread,
// that harms no one; then one that is merely slow has time for what it takes, and one that takes next to nothing is let go.
import type { Clock, Timer } from '../../core/base/clock.ts'

/** Slower than this nobody has to be waited for. */
const slowestBytesPerMs = 16
/** How often it looks whether a thread is wanted, once the time is over. */
const lookEveryMs = 1_000

export interface StallWatchOptions {
  readonly clock: Clock
  /** What a run may stand still, beyond the time that a slow reader needs for what it takes. */
  readonly maxStallMs: number
  /** Somebody waits for a thread. */
  readonly isWanted: () => boolean
  /** Told once. */
  readonly onStalled: () => void
}

export class StallWatch {
  readonly #options: StallWatchOptions
  /** Items that the reader has not taken. */
  #waitingCount = 0
  #waitingBytes = 0
  #sinceMs = 0
  /** What was left at that time. What is taken faster than it must be does not add up. */
  #leftMs: number
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#leftMs = options.maxStallMs
  }

  /** Settles with the taking of an item of this size, and counts how long that lasts. */
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

  /** The run is over. */
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
