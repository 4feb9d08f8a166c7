// The input streams of a call, at the caller: see incoming-inputs.ts.
import { ProtocolError } from '../base/errors.ts'
import type { CreditFrame } from '../wire/frames/frame.ts'
import type { CallInput } from './call-input.ts'
import type { InputProgress } from './outbound-stream.ts'

export class OutgoingInputs {
  /** By number. */
  readonly #inputs: readonly CallInput[]

  constructor(inputs: readonly CallInput[]) {
    this.#inputs = inputs
  }

  /** The sum of all. */
  get progress(): InputProgress {
    const progress = { sent: { items: 0, bytes: 0 }, confirmed: { items: 0, bytes: 0 } }
    for (const input of this.#inputs) input.addProgressTo(progress)
    return progress
  }

  /** Called when an item was taken from a source. */
  get isFed(): boolean {
    return this.#inputs.some((input) => input.isFed)
  }

  /** True: the callee has made progress. */
  onCredit({ stream = 0, received, granted }: CreditFrame): boolean {
    const input = this.#inputs[stream]
    if (input === undefined) throw new ProtocolError(`credit for input stream ${stream} of ${this.#inputs.length}`)
    return input.onCredit(received, granted)
  }

  pump(): void {
    for (const input of this.#inputs) input.pump()
  }

  rewind(): void {
    for (const input of this.#inputs) input.rewind()
  }

  close(): void {
    for (const input of this.#inputs) input.close()
  }
}
