// What a link holds in memory for its peer: a frame that has come in part, and what the peer does not take.
import { Held } from '../accounting/held.ts'
import { type Meter, type MeterSource, unaccounted } from '../accounting/meter.ts'

/** Whom it counts for. */
export interface LinkAccount extends MeterSource {
  /** The link has ended. */
  close(): void
}

export class LinkHoldings {
  readonly frames: Meter
  readonly writes: Meter
  readonly #account: LinkAccount | undefined

  constructor(account: LinkAccount | undefined) {
    this.#account = account
    this.frames = (account ?? unaccounted).meter(Held.Frames)
    this.writes = (account ?? unaccounted).meter(Held.Writes)
  }

  close(): void {
    this.#account?.close()
  }
}
