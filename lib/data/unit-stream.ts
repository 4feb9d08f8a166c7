// What an action streams, with its unit of work: that lasts until the stream ends. A stream that is left early was not
// finished, and is rolled back, also where nobody has asked for its first item.
import type { ItemSource } from '../action/item-source.ts'
import type { ActionUnit } from './action-unit.ts'
import { asSent } from './sent-rows.ts'

export class UnitStream implements AsyncIterableIterator<unknown, unknown, undefined> {
  readonly #source: ItemSource
  readonly #unit: ActionUnit
  #isOver = false

  constructor(source: ItemSource, unit: ActionUnit) {
    this.#source = source
    this.#unit = unit
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (this.#isOver) return { done: true, value: undefined }
    let step: IteratorResult<unknown>
    try {
      step = await this.#source.next()
    } catch (error) {
      this.#isOver = true
      return this.#unit.fail(error)
    }
    if (!step.done) return { done: false, value: asSent(step.value) }
    this.#isOver = true
    return { done: true, value: await this.#unit.keep(step.value) }
  }

  async return(): Promise<IteratorResult<unknown>> {
    if (!this.#isOver) {
      this.#isOver = true
      try {
        await this.#source.return?.(undefined)
      } finally {
        await this.#unit.leave()
      }
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
