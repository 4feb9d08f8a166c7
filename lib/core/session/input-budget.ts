// The input of a session's calls that may come although nobody reads it: how much of it is granted, and how much has come.
// Many uploads whose handlers read late share this, so that none of them ends for what the others hold. A reader that
// waits is granted a little in any case: see inbound-stream.ts.
import { Held } from '../accounting/held.ts'
import type { Meter, MeterSource } from '../accounting/meter.ts'
import { BusyError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'

/** The rest is for items that are larger than what was left of their grants, and for readers that wait. */
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
    // One stream alone always has its window.
    this.#leftBytes = Math.max(maxInFlightBytes / grantedShare, streamWindowBytes)
  }

  /** What may be granted yet; negative where more has come than was granted. */
  get leftBytes(): number {
    return this.#leftBytes
  }

  /** More was granted to a stream than its reader has taken, or less. */
  grantedChanged(byBytes: number): void {
    this.#leftBytes -= byBytes
  }

  /** Input came that nobody has read, or was read or thrown away. */
  unreadChanged(byBytes: number): void {
    this.#unreadBytes += byBytes
    this.#held.change(byBytes)
  }

  /** Nothing of it counts any more. */
  release(): void {
    this.#held.close()
  }

  /** Why the call whose input came last must end, if so. */
  overload(): BusyError | undefined {
    if (this.#unreadBytes <= this.#maxBytes) return undefined
    const message = `over ${this.#maxBytes} bytes of input of this session wait to be read`
    return new BusyError(message, { notStarted: false })
  }
}
