// What an action streams, with its unit of work: that lasts until the stream ends. A stream that is left early was not
// finished, and is rolled back, also where nobody has asked for its first item.
import { endsByItself, type ItemSource } from '../action/item-source.ts'
import type { ActionUnit } from './action-unit.ts'
import { asSent } from './sent-rows.ts'

export class UnitStream implements AsyncIterableIterator<unknown, unknown, undefined> {
  /** See {@link ItemSource}: as what it is made of. */
  readonly endsByItself: boolean
  readonly #source: ItemSource
  readonly #unit: ActionUnit
  #isLeft = false
  /** The unit was kept, undone or left. */
  #isEnded = false

  constructor(source: ItemSource, unit: ActionUnit) {
    this.endsByItself = endsByItself(source)
    this.#source = source
    this.#unit = unit
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (this.#isLeft || this.#isEnded) return { done: true, value: undefined }
    let step: IteratorResult<unknown>
    try {
      step = await this.#source.next()
    } catch (error) {
      if (this.#isEnded) throw error
      this.#isEnded = true
      return this.#unit.fail(error)
    }
    if (!step.done) return { done: false, value: asSent(step.value) }
    // It may have been left meanwhile.
    if (this.#isEnded || (this.#isLeft && !this.endsByItself)) return { done: true, value: undefined }
    this.#isEnded = true
    return { done: true, value: await this.#unit.keep(step.value) }
  }

  async return(): Promise<IteratorResult<unknown>> {
    if (this.#isLeft || this.#isEnded) return { done: true, value: undefined }
    this.#isLeft = true
    try {
      await this.#source.return?.(undefined)
    } finally {
      if (!this.#isEnded) {
        this.#isEnded = true
        await this.#unit.leave()
      }
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
