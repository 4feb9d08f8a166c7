// What a link holds in memory for its peer: a frame that has come in part, what waits for its turn to be read, and what the
// peer does not take.
import { Held } from '../accounting/held.ts'
import { type Meter, unaccounted } from '../accounting/meter.ts'
import type { Link } from './link.ts'
import { type ChunkReader, FairReader, type ReadAccount, type ReadTurns } from './read-turns.ts'

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
  readonly #chunks: ChunkReader
  /** Undefined where nobody takes turns. */
  readonly #reader: FairReader | undefined
  readonly #account: LinkAccount | undefined
  // Made when there is something to count: most links hold nothing.
  #frames: Meter | undefined
  #writes: Meter | undefined

  constructor(link: Link, { account, turns }: LinkHoldingsOptions, chunks: ChunkReader) {
    this.#account = account
    this.#chunks = chunks
    if (account !== undefined && turns !== undefined) this.#reader = new FairReader({ turns, account, link, chunks })
  }

  /** Bytes came: they are read when it is their turn. */
  take(chunk: Uint8Array): void {
    if (this.#reader === undefined) this.#chunks.read(chunk)
    else this.#reader.take(chunk)
  }

  /** A frame that has come in part takes so much memory; 0: there is none. */
  gathers(bytes: number): void {
    if (bytes === 0 && this.#frames === undefined) return
    this.#frames ??= (this.#account ?? unaccounted).meter(Held.Frames)
    this.#frames.set(bytes)
  }

  /** So much more was written that the peer does not take. */
  waits(bytes: number): void {
    this.#writes ??= (this.#account ?? unaccounted).meter(Held.Writes)
    this.#writes.change(bytes)
  }

  /** The peer has taken it. */
  taken(): void {
    this.#writes?.clear()
  }

  /** The link ends. What was written counts until it has left, or the link is released without it. */
  close(gone: Promise<void>): void {
    this.#reader?.close()
    this.#frames?.clear()
    void gone.finally(() => {
      this.taken()
      this.#account?.close()
    })
  }
}
