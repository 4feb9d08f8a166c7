// The output or input stream of an action with a unit of work. The unit lasts until the stream ends; a stream that is left
// early has no result, so the action's runner rolls the unit back.
import { endsByItself, type ItemSource } from '../../core/action/item-source.ts'
import type { ActionUnit } from './action-unit.ts'
import type { ClientInput } from './client-input.ts'
import { asSent } from './sent-rows.ts'

/** The items as they are sent, and the result once only the commit is left. */
export class UnitStream implements AsyncIterableIterator<unknown, unknown, undefined> {
  /** See {@link ItemSource}: as its source. */
  readonly endsByItself: boolean
  readonly #source: ItemSource
  readonly #unit: ActionUnit
  #isLeft = false

  constructor(source: ItemSource, unit: ActionUnit) {
    this.endsByItself = endsByItself(source)
    this.#source = source
    this.#unit = unit
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (this.#isLeft) return { done: true, value: undefined }
    const step = await this.#source.next()
    if (!step.done) return { done: false, value: asSent(step.value) }
    // Its reader may have left meanwhile: then the unit is rolled back.
    if (this.#isLeft && !this.endsByItself) return { done: true, value: undefined }
    return { done: true, value: await this.#unit.settled(step.value) }
  }

  async return(): Promise<IteratorResult<unknown>> {
    if (this.#isLeft) return { done: true, value: undefined }
    this.#isLeft = true
    await this.#source.return?.(undefined)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** The items from a client, waited for no longer than the unit may wait. */
export class UnitInput implements AsyncIterableIterator<unknown> {
  readonly #items: AsyncIterableIterator<unknown>
  readonly #unit: ActionUnit
  readonly #input: ClientInput | undefined

  constructor(items: AsyncIterableIterator<unknown>, unit: ActionUnit, input: ClientInput | undefined) {
    this.#items = items
    this.#unit = unit
    this.#input = input
  }

  async next(): Promise<IteratorResult<unknown>> {
    const step = await this.#unit.forClient(this.#items.next())
    this.#input?.replace(step.value)
    return step
  }

  async return(): Promise<IteratorResult<unknown>> {
    return (await this.#items.return?.(undefined)) ?? { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
