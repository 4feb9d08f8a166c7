// A pool with few places, as of connections to a database: each run takes one for a fixed time, the others wait.

const placeCount = 8

export class Places {
  #free = placeCount
  readonly #waiting: (() => void)[] = []

  /** Gives how long it took, with the waiting. */
  async occupy(costMs: number): Promise<number> {
    const startedAtMs = performance.now()
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await new Promise((resolve) => setTimeout(resolve, costMs))
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
    return performance.now() - startedAtMs
  }
}
