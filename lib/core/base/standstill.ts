// Tells a timer that it comes late because this process stood still: it was stopped, its machine slept, or its page was
// frozen. Timers run before sockets are read then, so what came meanwhile has not been heard yet. Leaves to its user what
// to do about it.

/** Less than this is the lateness of a busy process. */
const leastMs = 1_000

export class Standstill {
  #dueAtMs = Number.POSITIVE_INFINITY
  #toleratedMs = leastMs
  #wasLate = false

  /** A timer was set. */
  timerSet(nowMs: number, delayMs: number): void {
    this.#dueAtMs = nowMs + delayMs
    this.#toleratedMs = Math.max(delayMs, leastMs)
  }

  /**
   * The timer ran; whether it is so late that nothing should be judged before sockets had their turn. A hidden page gets each
   * of its timers late, and listens all the same: so of several late ones in a row, only the first is forgiven.
   */
  isFirstLate(nowMs: number): boolean {
    const wasLate = this.#wasLate
    this.#wasLate = nowMs - this.#dueAtMs > this.#toleratedMs
    return this.#wasLate && !wasLate
  }
}
