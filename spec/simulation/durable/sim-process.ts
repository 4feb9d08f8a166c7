// A process of the simulation: what reaches it passes its gate. A process that stands still gets everything when it wakes up, its timers
// first; a dead one gets nothing any more. Its monotonic clock is the world's; its calendar may be wrong.
import type { Clock, Timer } from '../../../lib/core/base/clock.ts'
import type { Link, LinkHandler, Peer } from '../../../lib/core/link/link.ts'
import type { SimClock } from '../sim-clock.ts'

/** When worlds begin: a calendar's time. */
export const startWallMs = Date.UTC(2030, 0)

export class SimProcess implements Clock {
  readonly name: string
  readonly #clock: SimClock
  readonly #skewMs: number
  /** 'waking': what waited comes before all else. */
  #state: 'running' | 'still' | 'waking' | 'dead' = 'running'
  #timers: (() => void)[] = []
  #events: (() => void)[] = []

  constructor(name: string, clock: SimClock, skewMs: number) {
    this.name = name
    this.#clock = clock
    this.#skewMs = skewMs
  }

  get isStill(): boolean {
    return this.#state === 'still'
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  now(): number {
    return this.#clock.now()
  }

  wallNow(): number {
    return startWallMs + this.#clock.now() + this.#skewMs
  }

  setTimer(run: () => void, delayMs: number): Timer {
    let isCancelled = false
    const fire = (): void => {
      if (!isCancelled) run()
    }
    const timer = this.#clock.setTimer(() => this.#pass(fire, this.#timers), delayMs)
    return {
      cancel: () => {
        isCancelled = true
        timer.cancel()
      },
      keepProcessAlive: () => undefined,
    }
  }

  /** Something reaches the process from outside. */
  reach(run: () => void): void {
    this.#pass(run, this.#events)
  }

  standStill(): void {
    if (this.#state !== 'dead') this.#state = 'still'
  }

  wake(): void {
    if (this.#state !== 'still') return
    this.#state = 'waking'
    this.#catchUp()
  }

  die(): void {
    this.#state = 'dead'
    this.#timers = []
    this.#events = []
  }

  /** One after the other, each with all that it causes. */
  #catchUp(): void {
    this.#clock.setTimer(() => {
      if (this.#state !== 'waking') return
      const run = this.#timers.shift() ?? this.#events.shift()
      if (run === undefined) this.#state = 'running'
      else {
        run()
        this.#catchUp()
      }
    }, 0)
  }

  #pass(run: () => void, waiting: (() => void)[]): void {
    if (this.#state === 'running') run()
    else if (this.#state !== 'dead') waiting.push(run)
  }
}

/** The end of a link in a process. */
export class ProcessLink implements Link {
  readonly peer: Peer
  readonly #link: Link
  readonly #process: SimProcess

  constructor(link: Link, process: SimProcess) {
    this.peer = link.peer
    this.#link = link
    this.#process = process
  }

  open(handler: LinkHandler): void {
    const process = this.#process
    this.#link.open({
      onBytes: (chunk) => process.reach(() => handler.onBytes(chunk)),
      onDrain: () => process.reach(() => handler.onDrain()),
      onEnd: (error, isGone) => process.reach(() => handler.onEnd(error, isGone)),
    })
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#link.write(chunks)
  }

  close(how: 'flush' | 'abort'): Promise<void> {
    return this.#link.close(how)
  }

  keepProcessAlive(): void {
    // Virtual processes end when the simulation says so.
  }
}
