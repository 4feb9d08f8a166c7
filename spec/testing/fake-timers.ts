// What vitest and sinon put in place of the global timers by default: nothing that is set runs until it is told to. As
// theirs, it replaces properties of the globals, so that code which took them before keeps the real ones.
import timers from 'node:timers'

type Job = () => void

interface Due {
  readonly atMs: number
  readonly run: Job
}

const realSetImmediate = globalThis.setImmediate

export class FakeTimers {
  #nowMs = 0
  readonly #due = new Set<Due>()
  readonly #soon: Job[] = []

  /** 'vitest' leaves out `nextTick` and `queueMicrotask`, 'sinon' fakes all. */
  constructor(manners: 'vitest' | 'sinon') {
    const startMs = Date.now()
    const RealDate = Date
    const set = (run: Job, delayMs = 0): object => {
      const due = { atMs: this.#nowMs + delayMs, run, ref: () => due, unref: () => due, hasRef: () => true }
      this.#due.add(due)
      return due
    }
    const clear = (due: unknown): void => void this.#due.delete(due as Due)
    const fakes = { setTimeout: set, setInterval: set, setImmediate: (run: Job) => set(run) }
    const clears = { clearTimeout: clear, clearInterval: clear, clearImmediate: clear }
    const now = (): number => startMs + this.#nowMs
    class FakeDate extends RealDate {
      static override now = now

      constructor(...args: [] | [number]) {
        super(...(args.length === 0 ? ([now()] as const) : args))
      }
    }
    Object.assign(globalThis, fakes, clears, { Date: FakeDate })
    Object.assign(timers, fakes, clears)
    Object.assign(performance, { now: () => this.#nowMs })
    if (manners === 'vitest') return
    const soon = (run: (...args: unknown[]) => void, ...args: unknown[]): void =>
      void this.#soon.push(() => run(...args))
    globalThis.queueMicrotask = soon
    process.nextTick = soon
  }

  /** Lets time pass as `advanceTimersByTimeAsync` does: real turns of the event loop between the timers. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => realSetImmediate(resolve))
      const [next] = [...this.#due].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#due.delete(next)
      this.#nowMs = next.atMs
      next.run()
    }
    this.#nowMs = endMs
  }
}
