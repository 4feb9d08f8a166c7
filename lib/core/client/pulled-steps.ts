// The steps of a lasting call, taken by its reader one by one, across calls. Does not read ahead, except for items that arrived
// before a call ended, which must be read before the next call starts.
import { puller } from '../action/call.ts'
import { isPromiseLike } from '../action/item-source.ts'
import { keepContext } from '../base/async-context.ts'
import { type HandlerTurns, LoopTurns } from '../base/handler-turns.ts'

/** The items of a call. Creates a function that requests the next item and calls one of these callbacks, immediately or later. */
export interface Items {
  [puller](onItem: (item: unknown) => void, onEnd: (error?: unknown) => void): () => void
}

/** @typeParam Step what a reader takes: an object, so that undefined can mean that there is none. */
export class PulledSteps<Step extends object> {
  /** Returns the steps of an item. Must not throw. */
  readonly #stepsIn: (item: unknown) => readonly Step[]
  /** Requests an item of the open call. */
  #pull: (() => void) | undefined
  /** True while a requested item has not arrived. */
  #isPulling = false
  /** Steps that arrived while no reader was waiting. */
  #backlog: Step[] = []
  /** At most this number of steps in the backlog are of the last call that left some. */
  #lastCount = 0
  #tail: Promise<unknown> = Promise.resolve()
  readonly #turns: HandlerTurns
  readonly #loop: LoopTurns
  #isClosed = false
  #wakers: (() => void)[] = []
  /** Wakes the handler, if one takes the steps. */
  #onWake: (() => void) | undefined

  constructor(stepsIn: (item: unknown) => readonly Step[], turns: HandlerTurns) {
    this.#stepsIn = stepsIn
    this.#turns = turns
    this.#loop = new LoopTurns(turns)
  }

  /** Whether the backlog has steps of an earlier call than the last one. */
  get isBehind(): boolean {
    return this.#backlog.length > this.#lastCount
  }

  /** Called when a call is open. Its items follow the steps of the backlog. */
  open(items: Items, steps: readonly Step[]): void {
    if (this.#isClosed) return
    this.#backlog.push(...steps)
    this.#pull = items[puller](this.#onItem, this.#onEnd)
    this.#wake()
  }

  /** Called when the open call has ended. Reads the items that have arrived, at most its window. */
  async finish(): Promise<void> {
    const pull = this.#pull
    while (this.#isPulling) await this.#woken()
    const earlierCount = this.#backlog.length
    // Undefined once the end was read.
    while (pull !== undefined && this.#pull === pull) {
      this.#ask(pull)
      while (this.#isPulling) await this.#woken()
    }
    const count = this.#backlog.length - earlierCount
    if (count > 0) this.#lastCount = count
    this.#wake()
  }

  /** Called when no more steps follow. The backlog can still be taken, unless it is dropped. */
  close(backlog: 'keep' | 'drop'): void {
    this.#isClosed = true
    this.#pull = undefined
    this.#isPulling = false
    if (backlog === 'drop') this.#backlog = []
    this.#wake()
  }

  /** Returns the next step, or undefined if there are no more. Concurrent readers get one each, in order. */
  take(): Promise<Step | undefined> {
    const next = this.#tail.then(() => this.#take())
    this.#tail = next
    return next
  }

  /**
   * Calls `onStep` with each step, in the caller's async context, the next one when the returned promise has settled. Settles when
   * there are no more. Rejects with what `onStep` throws. Allocates nothing per waiting reader: a process may have thousands.
   */
  each(onStep: (step: Step) => unknown): Promise<void> {
    const turns = this.#turns
    return new Promise((resolve, reject) => {
      const run = keepContext((): void => {
        try {
          for (;;) {
            if (turns.isOver && this.#backlog.length > 0) return turns.later(run)
            const step = this.#backlog.shift()
            if (step !== undefined) {
              const beganAtMs = turns.now()
              const handled = onStep(step)
              turns.spentSince(beganAtMs)
              if (!isPromiseLike(handled)) continue
              handled.then(run, reject)
              return
            }
            if (this.#isClosed) return resolve()
            if (!this.#isReadable()) break
          }
          this.#onWake = plan
        } catch (error) {
          reject(error)
        }
      })
      // Deferred, so that the link can finish reading.
      const plan = (): void => void Promise.resolve().then(run)
      run()
    })
  }

  async #take(): Promise<Step | undefined> {
    if (this.#loop.asks()) await new Promise<void>((resolve) => this.#turns.later(resolve))
    for (;;) {
      const step = this.#backlog.shift()
      this.#loop.handed()
      if (step !== undefined || this.#isClosed) return step
      if (!this.#isReadable()) await this.#woken()
    }
  }

  /** Requests items until one has a step. Returns true if the backlog has one. */
  #isReadable(): boolean {
    while (this.#backlog.length === 0 && !this.#isPulling && this.#pull !== undefined) this.#ask(this.#pull)
    return this.#backlog.length > 0
  }

  #ask(pull: () => void): void {
    if (this.#isPulling) return
    this.#isPulling = true
    pull()
  }

  readonly #onItem = (item: unknown): void => {
    this.#isPulling = false
    if (!this.#isClosed) for (const step of this.#stepsIn(item)) this.#backlog.push(step)
    this.#wake()
  }

  /** The outcome of the call tells why. */
  readonly #onEnd = (): void => {
    this.#isPulling = false
    this.#pull = undefined
    this.#wake()
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve))
  }

  #wake(): void {
    const onWake = this.#onWake
    this.#onWake = undefined
    onWake?.()
    if (this.#wakers.length === 0) return
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }
}
