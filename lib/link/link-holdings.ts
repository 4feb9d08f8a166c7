// What a link holds in memory for its peer: a frame that has come in part, what waits for its turn to be read, and what the
// peer does not take.
import { Held } from '../accounting/held.ts'
import { type Meter, unaccounted } from '../accounting/meter.ts'
import type { Link } from './link.ts'
import { FairReader, type FairReaderOptions, type ReadAccount, type ReadTurns } from './read-turns.ts'

/** Whom it counts for. */
export interface LinkAccount extends ReadAccount {
  /** The link is gone. */
  close(): void
}

export interface LinkHoldingsOptions {
  readonly account?: LinkAccount
  /** Whose bytes are read when: at a server, with an account. */
  readonly turns?: ReadTurns
}

export class LinkHoldings {
  readonly frames: Meter
  readonly writes: Meter
  /** Where what comes in goes first; undefined where nobody takes turns. */
  readonly reader: FairReader | undefined
  readonly #account: LinkAccount | undefined

  constructor(link: Link, { account, turns }: LinkHoldingsOptions, read: FairReaderOptions['read']) {
    this.#account = account
    this.frames = (account ?? unaccounted).meter(Held.Frames)
    this.writes = (account ?? unaccounted).meter(Held.Writes)
    if (account !== undefined && turns !== undefined) this.reader = new FairReader({ turns, account, link, read })
  }

  /** The link ends. What was written counts until it has left, or the link is released without it. */
  close(gone: Promise<void>): void {
    this.reader?.close()
    this.frames.clear()
    const { writes } = this
    void gone.finally(() => {
      writes.clear()
      this.#account?.close()
    })
  }
}
