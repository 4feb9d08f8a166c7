// The delay before the next attempt: exponential, capped, with full jitter (the AWS architecture blog's "full jitter").
// An immutable value. Leaves the waiting to its caller.
import type { OptionTable } from './option-table.ts'

/** Backoff settings. Times in milliseconds. */
export interface BackoffOptions {
  /** The upper bound of the first wait. Default 100. */
  readonly minMs?: number | undefined
  /** The upper bound of every wait. Default 5 000. */
  readonly maxMs?: number | undefined
  /** The bound is multiplied by this for each attempt. Default 2. */
  readonly factor?: number | undefined
}

export const backoffOptions: OptionTable<BackoffOptions> = { minMs: 'any', maxMs: 'any', factor: 'any' }

export class Backoff {
  /** Milliseconds to wait, drawn evenly between 0 and this step's bound. */
  readonly durationMs: number
  readonly #options: BackoffOptions
  readonly #random: () => number
  readonly #step: number

  constructor(options: BackoffOptions, random: () => number, step = 0) {
    const { minMs = 100, maxMs = 5_000, factor = 2 } = options
    this.#options = options
    this.#random = random
    this.#step = step
    this.durationMs = Math.min(maxMs, minMs * factor ** step) * random()
  }

  /** The backoff of the attempt after this one. */
  next(): Backoff {
    return new Backoff(this.#options, this.#random, this.#step + 1)
  }
}
