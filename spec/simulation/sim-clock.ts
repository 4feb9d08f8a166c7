// Time that passes only when the simulation says so: timers in order of their time, then of their making.
import type { Clock, Timer } from '../../lib/core/base/clock.ts'

interface SetTimer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

export class SimClock implements Clock {
  #nowMs = 0
  #order = 0
  #liveCount = 0
  readonly #heap: SetTimer[] = []

  now(): number {
    return this.#nowMs
  }

  /** Timers that will run. */
  get timerCount(): number {
    return this.#liveCount
  }

  setTimer(run: () => void, delayMs: number): Timer {
    const timer: SetTimer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run, isCancelled: false }
    this.#liveCount++
    this.#push(timer)
    return {
      cancel: () => {
        if (timer.isCancelled) return
        timer.isCancelled = true
        this.#liveCount--
      },
      keepProcessAlive: () => undefined,
    }
  }

  /** Moves time to the next timer and runs it. False: there is none. */
  step(): boolean {
    for (;;) {
      const timer = this.#pop()
      if (timer === undefined) return false
      if (timer.isCancelled) continue
      timer.isCancelled = true
      this.#liveCount--
      this.#nowMs = Math.max(this.#nowMs, timer.atMs)
      timer.run()
      return true
    }
  }

  #push(timer: SetTimer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, heap[parent] as SetTimer)) break
      heap[at] = heap[parent] as SetTimer
      at = parent
    }
    heap[at] = timer
  }

  #pop(): SetTimer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as SetTimer, heap[child] as SetTimer)) child++
      if (!isBefore(heap[child] as SetTimer, last)) break
      heap[at] = heap[child] as SetTimer
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: SetTimer, b: SetTimer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
