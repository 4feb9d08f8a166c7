// Waits until given times, precise to a fraction of a millisecond: a timer for most of the wait, turns of the event loop for
// the rest, because a timer alone may be a millisecond late.

const timerLatenessMs = 2

interface Waiter {
  readonly at: number
  readonly resolve: () => void
}

export class Pacer {
  /** In the order of their times, which is the order of the requests. */
  #waiters: Waiter[] = []
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined

  /** @param at as `performance.now()`; not earlier than that of the previous call. */
  async until(at: number): Promise<void> {
    if (at <= performance.now()) return
    await new Promise<void>((resolve) => {
      this.#waiters.push({ at, resolve })
      if (this.#waiters.length === 1) this.#arm(at)
    })
  }

  /** Resolves all waits immediately. */
  close(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    for (const { resolve } of this.#waiters) resolve()
    this.#waiters = []
  }

  #arm(at: number): void {
    const waitMs = at - performance.now() - timerLatenessMs
    if (waitMs >= 1) this.#timer = setTimeout(this.#release, waitMs)
    else this.#turn = setImmediate(this.#release)
  }

  readonly #release = (): void => {
    const now = performance.now()
    const due = this.#waiters.findIndex(({ at }) => at > now)
    for (const { resolve } of this.#waiters.splice(0, due === -1 ? this.#waiters.length : due)) resolve()
    const [next] = this.#waiters
    if (next !== undefined) this.#arm(next.at)
  }
}
