// Time that a spec moves on by itself: timers run in their order, and what they set going settles in between.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '../../lib/core/base/clock.ts'

interface SetTimer {
  readonly atMs: number
  readonly run: () => void
}

export class VirtualClock implements Clock {
  readonly #timers = new Set<SetTimer>()
  #nowMs = 1_000

  now(): number {
    return this.#nowMs
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

  /** Lets time pass, from timer to timer, until the promise settles; gives its value or error. */
  async until<T>(promise: PromiseLike<T>, limitMs = 3_600_000): Promise<T> {
    let isSettled = false
    const onSettled = (): void => {
      isSettled = true
    }
    promise.then(onSettled, onSettled)
    const endMs = this.#nowMs + limitMs
    await settle()
    while (!isSettled) {
      const timer = this.#next(endMs)
      if (timer === undefined) throw new Error(`nothing more happens within ${limitMs} virtual ms`)
      await this.#fire(timer)
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
  await nextTurn()
  await nextTurn()
}
