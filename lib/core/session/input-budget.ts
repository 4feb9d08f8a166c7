// A bound on the unread input of a session's calls: how much is granted, and how much has arrived. Many uploads whose handlers read
// late share it, so that none of them fails because of the others. A waiting reader is always granted a little: see
// inbound-stream.ts.
import { Held } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import { BusyError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'

/** The rest is for items that are larger than what was left of their grants, and for waiting readers. */
const grantedShare = 4

export class InputBudget {
  readonly #maxBytes: number
  readonly #held: Meter
  #leftBytes: number
  #unreadBytes = 0

  constructor(
    { maxInFlightBytes, streamWindowBytes }: Pick<Limits, 'maxInFlightBytes' | 'streamWindowBytes'>,
    account: MeterSource,
  ) {
    this.#maxBytes = maxInFlightBytes
    this.#held = account.meter(Held.Input)
    // A single stream always has its window.
    this.#leftBytes = Math.max(maxInFlightBytes / grantedShare, streamWindowBytes)
  }

  /** What may still be granted; negative if more has arrived than was granted. */
  get leftBytes(): number {
    return this.#leftBytes
  }

  /** Called when a stream was granted more, or its reader has taken some. */
  grantedChanged(byBytes: number): void {
    this.#leftBytes -= byBytes
  }

  /** Called when input has arrived, or was read or discarded. */
  unreadChanged(byBytes: number): void {
    this.#unreadBytes += byBytes
    this.#held.change(byBytes)
  }

  /** From now on it counts for nothing. */
  release(): void {
    this.#held.close()
  }

  /** The reason why the call whose input arrived last must end, if any. */
  overload(): BusyError | undefined {
    if (this.#unreadBytes <= this.#maxBytes) return undefined
    const message = `over ${this.#maxBytes} bytes of input of this session wait to be read`
    return new BusyError(message, { notStarted: false })
  }
}
