// The answers to calls that do not start. A refusal that many get is encoded once: a server that refuses has too much to do.
import type { IsockError } from '../base/errors.ts'
import { type FailureFrame, Kind } from '../wire/frame.ts'
import type { Payload } from '../wire/payload.ts'
import { cancelledBeforeStart } from './call-errors.ts'

export class Refusals {
  readonly #encodeError: (error: IsockError) => Payload
  #burial: Payload
  #last: { readonly code: string; readonly message: string; readonly payload: Payload } | undefined

  constructor(encodeError: (error: IsockError) => Payload) {
    this.#encodeError = encodeError
  }

  /** For calls whose cancel came before them: the same for all, so that a cancel is as cheap to take as it is to send. */
  get burial(): Payload {
    this.#burial ??= this.#encodeError(cancelledBeforeStart())
    return this.#burial
  }

  /** The answer to a call that does not start because of this error. */
  of(seq: number, error: IsockError): FailureFrame {
    if (this.#last?.message !== error.message || this.#last.code !== error.code)
      this.#last = { code: error.code, message: error.message, payload: this.#encodeError(error) }
    return { kind: Kind.Failure, seq, items: 0, notStarted: true, error: this.#last.payload }
  }
}
