// What the reader of a lasting call takes, step by step, whichever call it comes from. Reads no further ahead than it
// is asked to, but for what came before a call ended: that has to be known before the next call begins.
import { isPromiseLike } from '../action/item-source.ts'
import { keepContext } from '../base/async-context.ts'
import { type HandlerTurns, LoopTurns } from '../base/handler-turns.ts'

/** The items of a call: makes a function that asks for the next one. Each time one of these is called, at once or later. */
export interface Items {
  puller(onItem: (item: unknown) => void, onEnd: (error?: unknown) => void): () => void
}

/** @typeParam Step what a reader takes; an object, so that its absence can be told. */
export class PulledSteps<Step extends object> {
  /** What is in an item. Must not throw. */
  readonly #stepsIn: (item: unknown) => readonly Step[]
  /** Asks the call that is open for an item. */
  #pull: (() => void) | undefined
  /** An item is asked for and has not come. */
  #isPulling = false
  /** Read already, when no reader waited for it. */
  #backlog: Step[] = []
  /** As much of it may be of the last call that left something. */
  #lastCount = 0
  #tail: Promise<unknown> = Promise.resolve()
  readonly #turns: HandlerTurns
  readonly #loop: LoopTurns
  #isClosed = false
  #wakers: (() => void)[] = []
  /** Its one reader, where it has a handler that waits. */
  #onWake: (() => void) | undefined

  constructor(stepsIn: (item: unknown) => readonly Step[], turns: HandlerTurns) {
    this.#stepsIn = stepsIn
    this.#turns = turns
    this.#loop = new LoopTurns(turns)
  }

  /** It has something of a call before that one. */
  get isBehind(): boolean {
    return this.#backlog.length > this.#lastCount
  }

  /** A call is open: its items follow these steps. */
  open(items: Items, steps: readonly Step[]): void {
    if (this.#isClosed) return
    this.#backlog.push(...steps)
    this.#pull = items.puller(this.#onItem, this.#onEnd)
    this.#wake()
  }

  /** The call that was open has ended: reads what came before and nobody has taken. No more than its window. */
  async finish(): Promise<void> {
    const pull = this.#pull
    while (this.#isPulling) await this.#woken()
    const earlierCount = this.#backlog.length
    // It is undefined where the end was read already.
    while (pull !== undefined && this.#pull === pull) {
      this.#ask(pull)
      while (this.#isPulling) await this.#woken()
    }
    const count = this.#backlog.length - earlierCount
    if (count > 0) this.#lastCount = count
    this.#wake()
  }

  /** There will be no more. What was read already can still be taken, unless it is to be dropped. */
  close(backlog: 'keep' | 'drop'): void {
    this.#isClosed = true
    this.#pull = undefined
    this.#isPulling = false
    if (backlog === 'drop') this.#backlog = []
    this.#wake()
  }

  /** The next one; undefined: there are no more. One after the other, whoever asks. */
  take(): Promise<Step | undefined> {
    const next = this.#tail.then(() => this.#take())
    this.#tail = next
    return next
  }

  /**
   * Hands over each one instead, the next when the promise that `onStep` gives has settled, in the context of who calls this.
   * Settles when there are no more; rejects with what `onStep` throws. Makes nothing that lives as long as the wait for a
   * step: thousands may wait in one process.
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
      // Not within what brought the item: its link reads on first.
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

  /** Asks for items until there is something in one. True: the backlog has it. */
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

  /** Why is for the call to tell. */
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
