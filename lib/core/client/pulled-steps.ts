// The steps that the reader of a lasting call takes, one by one, across its calls. Does not read ahead, except for what arrived
// before a call ended: that must be read before the next call starts.
import { puller } from '../action/call.ts'
import { isPromiseLike } from '../action/item-source.ts'
import { keepContext } from '../base/async-context.ts'
import { type HandlerTurns, LoopTurns } from '../base/handler-turns.ts'

/** The items of a call: makes a function that asks for the next one. Each calls one of these, immediately or later. */
export interface Items {
  [puller](onItem: (item: unknown) => void, onEnd: (error?: unknown) => void): () => void
}

/** @typeParam Step what a reader takes: an object, so that undefined means its absence. */
export class PulledSteps<Step extends object> {
  /** The step in an item. Must not throw. */
  readonly #stepsIn: (item: unknown) => readonly Step[]
  /** Asks the open call for an item. */
  #pull: (() => void) | undefined
  /** An item was asked for and has not arrived. */
  #isPulling = false
  /** Steps that were read while no reader waited. */
  #backlog: Step[] = []
  /** The upper bound for those of the last call that left some. */
  #lastCount = 0
  #tail: Promise<unknown> = Promise.resolve()
  readonly #turns: HandlerTurns
  readonly #loop: LoopTurns
  #isClosed = false
  #wakers: (() => void)[] = []
  /** Its one reader, if a handler takes the steps. */
  #onWake: (() => void) | undefined

  constructor(stepsIn: (item: unknown) => readonly Step[], turns: HandlerTurns) {
    this.#stepsIn = stepsIn
    this.#turns = turns
    this.#loop = new LoopTurns(turns)
  }

  /** Steps of an earlier call than the last one are left. */
  get isBehind(): boolean {
    return this.#backlog.length > this.#lastCount
  }

  /** Called when a call is open: its items follow the steps that are left. */
  open(items: Items, steps: readonly Step[]): void {
    if (this.#isClosed) return
    this.#backlog.push(...steps)
    this.#pull = items[puller](this.#onItem, this.#onEnd)
    this.#wake()
  }

  /** Called when the open call has ended: reads what arrived before and was not taken, at most its window. */
  async finish(): Promise<void> {
    const pull = this.#pull
    while (this.#isPulling) await this.#woken()
    const earlierCount = this.#backlog.length
    // Undefined if the end was already read.
    while (pull !== undefined && this.#pull === pull) {
      this.#ask(pull)
      while (this.#isPulling) await this.#woken()
    }
    const count = this.#backlog.length - earlierCount
    if (count > 0) this.#lastCount = count
    this.#wake()
  }

  /** Called when there will be no more. Steps that were read can still be taken, unless they are dropped. */
  close(backlog: 'keep' | 'drop'): void {
    this.#isClosed = true
    this.#pull = undefined
    this.#isPulling = false
    if (backlog === 'drop') this.#backlog = []
    this.#wake()
  }

  /** The next step; undefined: there are no more. Concurrent readers get one each, in order. */
  take(): Promise<Step | undefined> {
    const next = this.#tail.then(() => this.#take())
    this.#tail = next
    return next
  }

  /**
   * Calls `onStep` with each step, in the caller's async context; the next one when its promise has settled. Settles when there are
   * no more. Rejects with what `onStep` throws. Allocates nothing that lives as long as the wait for a step: thousands may wait in
   * one process.
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
      // Not within the delivery of the item: its link reads first.
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

  /** Asks for items until one has a step. True: the backlog has one. */
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

  /** The call itself reports why. */
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
