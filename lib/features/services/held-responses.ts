// The responses of a run of a durable service that the server's own program started: they leave after the commit.
import { ServerError } from '../../core/base/errors.ts'

const maxHeld = 1_024

export class HeldResponses {
  readonly #label: string
  readonly #held: unknown[] = []

  constructor(label: string) {
    this.#label = label
  }

  readonly add = async (value: unknown): Promise<void> => {
    if (this.#held.length >= maxHeld) {
      const message = `${this.#label}: the responses of a durable service are held until its commit, and there are more than ${maxHeld}`
      throw new ServerError(message, { code: 'TOO_LARGE' })
    }
    this.#held.push(value)
  }

  async passTo(emit: (value: unknown) => Promise<void>): Promise<void> {
    for (const value of this.#held) await emit(value)
  }
}
