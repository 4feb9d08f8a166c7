// The input stream of a call as its action reads it: decoded, checked item by item, in the sender's order.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { InboundStream, Taken } from '../session/inbound-stream.ts'
import type { ValueCodec, ValueRules } from '../wire/value-codec.ts'
import { validate } from './schema.ts'

export interface InputItemsOptions {
  readonly stream: InboundStream
  readonly codec: ValueCodec
  readonly rules: ValueRules
  readonly schema: StandardSchemaV1 | undefined
  readonly actionName: string
}

export class InputItems implements AsyncIterableIterator<unknown> {
  readonly #options: InputItemsOptions
  #isOver = false

  constructor(options: InputItemsOptions) {
    this.#options = options
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown> {
    return this
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#options.stream.take((taken) => {
        try {
          resolve(this.#read(taken))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** A reader that stops early discards the rest, so that the sender does not wait forever. */
  return(): Promise<IteratorResult<unknown>> {
    this.#isOver = true
    this.#options.stream.leave()
    return Promise.resolve({ done: true, value: undefined })
  }

  #read(taken: Taken): IteratorResult<unknown> | Promise<IteratorResult<unknown>> {
    if (!taken.item) {
      if (taken.error !== undefined) throw taken.error
      return { done: true, value: undefined }
    }
    const { codec, rules, schema, actionName } = this.#options
    const value = codec.decode(taken.value, rules)
    if (schema === undefined) return { done: false, value }
    const checked = validate(schema, value, `an input item of action "${actionName}"`, 'INVALID_INPUT')
    if (checked instanceof Promise) return checked.then((late) => ({ done: false, value: late }))
    return { done: false, value: checked }
  }
}
