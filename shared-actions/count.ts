// Count: a stream. What it yields are the call's items, what it returns is the call's result.
import { setTimeout as sleep } from 'node:timers/promises'
import { Action, type Context } from 'isock'

/** Counts from 1, one item for each number, and returns how many there were. */
export class Count extends Action {
  readonly #pauseMs: number

  /** @param pauseMs between two items. */
  constructor(pauseMs = 0) {
    super()
    this.#pauseMs = pauseMs
  }

  override async *action(upTo: number, { signal }: Context): AsyncGenerator<number, string, undefined> {
    for (let count = 1; count <= upTo; count++) {
      if (this.#pauseMs > 0 && count > 1) await sleep(this.#pauseMs, undefined, { signal })
      yield count
    }
    return `counted to ${upTo}`
  }
}
