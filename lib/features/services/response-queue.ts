// The responses of one run on their way to a reader in the same process. Each is awaited until the reader has taken it, so that the
// run's patience with its reader is that of every client.
import { BusyError } from '../../core/base/errors.ts'

/** Of a method that does not await its responses. */
const maxWaiting = 1_024

interface Response {
  readonly value: unknown
}

export class ResponseQueue {
  readonly #label: string
  readonly #waiting: { readonly response: Response; onTaken(): void }[] = []
  #reader: ((response: Response | undefined) => void) | undefined
  #isClosed = false

  constructor(label: string) {
    this.#label = label
  }

  /** Settles when it is taken, or nobody reads any more. */
  readonly add = (value: unknown): Promise<void> => {
    if (this.#isClosed) return Promise.resolve()
    const response = { value }
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) {
      reader(response)
      return Promise.resolve()
    }
    if (this.#waiting.length >= maxWaiting) {
      const message = `${this.#label}: ${maxWaiting} responses wait for their reader; await respond()`
      return Promise.reject(new BusyError(message, { notStarted: false }))
    }
    return new Promise((resolve) => this.#waiting.push({ response, onTaken: resolve }))
  }

  /** In a box; undefined: there are no more. One reader. */
  async take(): Promise<Response | undefined> {
    const next = this.#waiting.shift()
    next?.onTaken()
    if (next !== undefined || this.#isClosed) return next?.response
    return new Promise((resolve) => {
      this.#reader = resolve
    })
  }

  /** What waits can still be taken. */
  readonly close = (): void => {
    this.#isClosed = true
    for (const { onTaken } of this.#waiting) onTaken()
    this.#reader?.(undefined)
  }
}
