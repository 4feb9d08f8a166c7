// So many at once, and no more.

export class Slots {
  readonly #max: number
  #count = 0

  constructor(max: number) {
    this.#max = max
  }

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count >= this.#max
  }

  /** Gives it back, once; undefined: there is none. */
  take(): (() => void) | undefined {
    if (this.isFull) return undefined
    this.#count++
    let isTaken = true
    return () => {
      if (isTaken) this.#count--
      isTaken = false
    }
  }
}
