// The memory that a link holds for its peer: a partly received frame, chunks waiting for their turn to be read, and data that
// the peer has not read.
import { Held } from '../accounting/held.ts'
import { type Meter, unaccounted } from '../accounting/meter.ts'
import type { Link } from './link.ts'
import { type ChunkReader, FairReader, type ReadAccount, type ReadTurns } from './read-turns.ts'

/** The account that the memory counts for. */
export interface LinkAccount extends ReadAccount {
  /** Called when the link is released. */
  close(): void
}

export interface LinkHoldingsOptions {
  readonly account?: LinkAccount
  /** The order in which links are read: at a server, with an account. */
  readonly turns?: ReadTurns
}

export class LinkHoldings {
  readonly #chunks: ChunkReader
  /** undefined without turns. */
  readonly #reader: FairReader | undefined
  readonly #account: LinkAccount | undefined
  // Created when there is something to count: most links hold nothing.
  #frames: Meter | undefined
  #writes: Meter | undefined

  constructor(link: Link, { account, turns }: LinkHoldingsOptions, chunks: ChunkReader) {
    this.#account = account
    this.#chunks = chunks
    if (account !== undefined && turns !== undefined) this.#reader = new FairReader({ turns, account, link, chunks })
  }

  /** Called for received bytes: they are read when their turn comes. */
  take(chunk: Uint8Array): void {
    if (this.#reader === undefined) this.#chunks.read(chunk)
    else this.#reader.take(chunk)
  }

  /** Sets the memory of a partly received frame; 0: there is none. */
  gathers(bytes: number): void {
    if (bytes === 0 && this.#frames === undefined) return
    this.#frames ??= (this.#account ?? unaccounted).meter(Held.Frames)
    this.#frames.set(bytes)
  }

  /** Adds bytes that were written and not read by the peer. */
  waits(bytes: number): void {
    this.#writes ??= (this.#account ?? unaccounted).meter(Held.Writes)
    this.#writes.change(bytes)
  }

  /** Called when the peer has read everything. */
  taken(): void {
    this.#writes?.clear()
  }

  /** Called when the link ends. Written data counts until it has left, or the link is released without it. */
  close(gone: Promise<void>): void {
    this.#reader?.close()
    this.#frames?.clear()
    void gone.finally(() => {
      this.taken()
      this.#account?.close()
    })
  }
}
