// Time that a test moves on by itself: timers run in their order, and what they cause settles in between.
import type { Clock, Timer } from '../core/base/clock.ts'
import { setImmediate } from '../core/base/platform-timers.ts'

interface SetTimer {
  readonly atMs: number
  readonly run: () => void
}

export interface VirtualClockOptions {
  /** The calendar's time when the clock is made. Default: 2000-01-01T00:00:00Z. */
  readonly startsAt?: Date
}

const startMs = 1_000

/**
 * A clock for `createHarness({ clock })`, servers and clients that stands still until a test moves it. No timer of the platform is
 * involved, so it works under every test runner, with or without its fake timers.
 *
 * @example
 * const clock = new VirtualClock()
 * await using harness = await createHarness({ actions: [new Slow()], clock })
 * const late = harness.client.runAction(Slow, 1, { timeoutMs: 30_000 }).outcome()
 * await clock.advance(30_000)
 * console.log((await late).ok) // false
 */
export class VirtualClock implements Clock {
  readonly #timers = new Set<SetTimer>()
  readonly #aheadMs: number
  #nowMs = startMs

  constructor({ startsAt = new Date(Date.UTC(2000, 0)) }: VirtualClockOptions = {}) {
    this.#aheadMs = startsAt.getTime() - startMs
  }

  /** Milliseconds; begins at 1 000. */
  now(): number {
    return this.#nowMs
  }

  /** Milliseconds since 1970. */
  wallNow(): number {
    return this.#nowMs + this.#aheadMs
  }

  setTimer(run: () => void, delayMs: number): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), run }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer), keepProcessAlive: () => undefined }
  }

  /** Timers that are set. */
  get pendingCount(): number {
    return this.#timers.size
  }

  /** Lets this much time pass. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settle()
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) await this.#fire(timer)
    this.#nowMs = endMs
    await settle()
  }

  /** As if the process stood still: time passes, and no timer fires before it is over. */
  standStill(ms: number): void {
    this.#nowMs += ms
  }

  /** Moves to the next timer and runs it, and waits for what that causes. False: there is none up to `endMs` of {@link now}. */
  async step(endMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const timer = this.#next(endMs)
    if (timer === undefined) return false
    await this.#fire(timer)
    return true
  }

  /**
   * Lets time pass, from timer to timer, until the promise settles; returns its value, or rejects with its error. Throws an Error when
   * nothing more happens within `limitMs` (default: an hour) of virtual time.
   */
  async until<T>(promise: PromiseLike<T>, limitMs = 3_600_000): Promise<T> {
    let isSettled = false
    const onSettled = (): void => {
      isSettled = true
    }
    promise.then(onSettled, onSettled)
    const endMs = this.#nowMs + limitMs
    await settle()
    while (!isSettled) {
      if (!(await this.step(endMs))) throw new Error(`nothing more happens within ${limitMs} virtual ms`)
    }
    return promise
  }

  async #fire(timer: SetTimer): Promise<void> {
    this.#timers.delete(timer)
    this.#nowMs = Math.max(this.#nowMs, timer.atMs)
    timer.run()
    await settle()
  }

  /** The earliest one up to this time; of several the one that was set first. */
  #next(endMs: number): SetTimer | undefined {
    let next: SetTimer | undefined
    for (const timer of this.#timers)
      if (timer.atMs <= endMs && timer.atMs < (next?.atMs ?? Number.POSITIVE_INFINITY)) next = timer
    return next
  }
}

/** Lets everything happen that needs no time: microtasks and ticks, over links in memory whole conversations. */
export async function settle(): Promise<void> {
  await turn()
  await turn()
}

/** Of the event loop. The platform's own, which fake timers do not replace. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
