// The items of a run whose answer is recorded: held until then, and recorded with it.
import { UnsendableError } from '../../core/base/errors.ts'
import { type Payload, payloadSize } from '../../core/wire/bytes/payload.ts'

/** The most bytes of items, which are kept with the answer. */
const maxItemBytes = 64 * 1024
/** What each item counts for in addition. */
const perItemBytes = 64

export class HeldItems {
  readonly all: Payload[] = []
  readonly #kind: 'transactional' | 'durable'
  #bytes = 0

  constructor(kind: 'transactional' | 'durable') {
    this.#kind = kind
  }

  /** @throws UnsendableError (`TOO_LARGE`). */
  add(item: Payload): void {
    this.#bytes += payloadSize(item) + perItemBytes
    if (this.#bytes > maxItemBytes)
      throw new UnsendableError(
        'items',
        `those of a ${this.#kind} action are kept with its answer, and these have more than ${maxItemBytes} bytes (each counts ${perItemBytes} more)`,
        { code: 'TOO_LARGE' },
      )
    this.all.push(item)
  }
}
