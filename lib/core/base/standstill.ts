// Detects that a timer is late because this process was suspended: it was stopped, its machine slept, or its page was
// frozen. Timers then run before sockets are read, so data that arrived meanwhile has not been processed yet. Leaves the
// reaction to its user.

/** Anything less is the delay of a busy process. */
const leastMs = 1_000

export class Standstill {
  #dueAtMs = Number.POSITIVE_INFINITY
  #toleratedMs = leastMs
  #wasLate = false

  /** Called when a timer was set. */
  timerSet(nowMs: number, delayMs: number): void {
    this.#dueAtMs = nowMs + delayMs
    this.#toleratedMs = Math.max(delayMs, leastMs)
  }

  /**
   * Called when the timer ran. Returns whether it is so late that sockets must be read before any decision. All timers of a
   * hidden page are late although it still receives, so only the first of several late ones in a row is excused.
   */
  isFirstLate(nowMs: number): boolean {
    const wasLate = this.#wasLate
    this.#wasLate = nowMs - this.#dueAtMs > this.#toleratedMs
    return this.#wasLate && !wasLate
  }
}
