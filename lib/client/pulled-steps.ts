// What the reader of a lasting call takes, step by step, whichever call it comes from. Reads no further ahead than it
// is asked to, but for what came before a call ended: that has to be known before the next call begins.

type Items = AsyncIterator<unknown>

/** @typeParam Step what a reader takes; an object, so that its absence can be told. */
export class PulledSteps<Step extends object> {
  /** What is in an item. Must not throw. */
  readonly #stepsIn: (item: unknown) => readonly Step[]
  /** The items of the call that is open. */
  #items: Items | undefined
  /** The item that somebody waits for; never rejects. */
  #reading: Promise<unknown> | undefined
  /** Read already, when no reader waited for it. */
  #backlog: Step[] = []
  /** As much of it may be of the last call that left something. */
  #lastCount = 0
  #tail: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #wakers: (() => void)[] = []

  constructor(stepsIn: (item: unknown) => readonly Step[]) {
    this.#stepsIn = stepsIn
  }

  /** It has something of a call before that one. */
  get isBehind(): boolean {
    return this.#backlog.length > this.#lastCount
  }

  /** A call is open: its items follow these steps. */
  open(items: Items, steps: readonly Step[]): void {
    if (this.#isClosed) return
    this.#backlog.push(...steps)
    this.#items = items
    this.#wake()
  }

  /** The call has ended: reads what came before and nobody has taken. No more than its window. */
  async finish(items: Items): Promise<void> {
    this.#items = undefined
    await this.#reading
    const earlierCount = this.#backlog.length
    while (await this.#read(items));
    const count = this.#backlog.length - earlierCount
    if (count > 0) this.#lastCount = count
    this.#wake()
  }

  /** There will be no more. What was read already can still be taken, unless it is to be dropped. */
  close(backlog: 'keep' | 'drop'): void {
    this.#isClosed = true
    this.#items = undefined
    if (backlog === 'drop') this.#backlog = []
    this.#wake()
  }

  /** The next one; undefined: there are no more. One after the other, whoever asks. */
  take(): Promise<Step | undefined> {
    const next = this.#tail.then(() => this.#take())
    this.#tail = next
    return next
  }

  async #take(): Promise<Step | undefined> {
    for (;;) {
      const step = this.#backlog.shift()
      if (step !== undefined || this.#isClosed) return step
      const items = this.#items
      if (items === undefined) await new Promise<void>((resolve) => this.#wakers.push(resolve))
      else if (!(await this.#read(items)) && this.#items === items) this.#items = undefined
    }
  }

  /** Reads one item into the backlog. False: there are no more. */
  #read(items: Items): Promise<boolean> {
    const reading = items.next().then(
      ({ done, value }) => {
        if (!done && !this.#isClosed) this.#backlog.push(...this.#stepsIn(value))
        return !done
      },
      () => false, // why is for the call to tell
    )
    this.#reading = reading
    return reading
  }

  #wake(): void {
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }
}
