// The answers to calls that do not start. The same refusal is encoded once for many calls, because a server that refuses is busy.
import type { IsockError } from '../base/errors.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { type FailureFrame, Kind } from '../wire/frames/frame.ts'
import { cancelledBeforeStart } from './callee-errors.ts'

/** Encodes errors. */
export interface ErrorEncoder {
  encodeError(error: IsockError): Payload
}

export class Refusals {
  readonly #encoder: ErrorEncoder
  #burial: Payload
  #last: { readonly code: string; readonly message: string; readonly payload: Payload } | undefined

  constructor(encoder: ErrorEncoder) {
    this.#encoder = encoder
  }

  /** For calls whose cancel arrived before them: the same for all, so that a cancel is as cheap to receive as to send. */
  get burial(): Payload {
    this.#burial ??= this.#encoder.encodeError(cancelledBeforeStart())
    return this.#burial
  }

  /** The answer to a call whose cancel arrived before it. */
  cancelled(seq: number): FailureFrame {
    return { kind: Kind.Failure, seq, items: 0, notStarted: true, error: this.burial }
  }

  /** The answer to a call that does not start because of this error. */
  of(seq: number, error: IsockError): FailureFrame {
    if (this.#last?.message !== error.message || this.#last.code !== error.code)
      this.#last = { code: error.code, message: error.message, payload: this.#encoder.encodeError(error) }
    return { kind: Kind.Failure, seq, items: 0, notStarted: true, error: this.#last.payload }
  }
}
