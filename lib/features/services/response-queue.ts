// The responses of one run to a reader in the same process. Each push waits until the reader has taken the response, so a
// slow reader is treated like a slow client.
import { type Deferred, deferred } from '../../core/base/deferred.ts'
import { BusyError } from '../../core/base/errors.ts'

/** The bound for a method that does not await its responses. */
const maxWaiting = 1_024

interface Response {
  readonly value: unknown
}

export class ResponseQueue {
  readonly #label: string
  readonly #waiting: { readonly response: Response; readonly taken: Deferred<void> }[] = []
  #reader: Deferred<Response | undefined> | undefined
  #isClosed = false

  constructor(label: string) {
    this.#label = label
  }

  /** Settles when it is taken, or the reader is gone. */
  readonly add = (value: unknown): Promise<void> => {
    if (this.#isClosed) return Promise.resolve()
    const response = { value }
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) {
      reader.resolve(response)
      return Promise.resolve()
    }
    if (this.#waiting.length >= maxWaiting) {
      const message = `${this.#label}: ${maxWaiting} responses are waiting for their reader; await respond()`
      return Promise.reject(new BusyError(message, { notStarted: false }))
    }
    const taken = deferred<void>()
    this.#waiting.push({ response, taken })
    return taken.promise
  }

  /** The next response, in a box; undefined: there are no more. For a single reader. */
  async take(): Promise<Response | undefined> {
    const next = this.#waiting.shift()
    next?.taken.resolve()
    if (next !== undefined || this.#isClosed) return next?.response
    this.#reader = deferred()
    return this.#reader.promise
  }

  /** Ends the queue; waiting responses can still be taken. */
  readonly close = (): void => {
    this.#isClosed = true
    for (const { taken } of this.#waiting) taken.resolve()
    this.#reader?.resolve(undefined)
  }
}
