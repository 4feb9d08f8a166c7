// The memory that a link holds for its peer: a partly received frame, chunks waiting for their turn to be read, and data that
// the peer has not read.
import { Held } from '../accounting/held.ts'
import { type Meter, unaccounted } from '../accounting/meter.ts'
import type { Link } from './link.ts'
import { type ChunkReader, FairReader, type ReadAccount, type ReadTurns } from './read-turns.ts'

/** The account that the memory is charged to. */
export interface LinkAccount extends ReadAccount {
  /** Called when the link is released. */
  close(): void
}

export interface LinkHoldingsOptions {
  readonly account?: LinkAccount
  /** Decides the order in which links are read. Used by servers, together with an account. */
  readonly turns?: ReadTurns
}

export class LinkHoldings {
  readonly #chunks: ChunkReader
  /** Undefined without turns. */
  readonly #reader: FairReader | undefined
  readonly #account: LinkAccount | undefined
  // Created on demand: most links hold nothing.
  #frames: Meter | undefined
  #writes: Meter | undefined

  constructor(link: Link, { account, turns }: LinkHoldingsOptions, chunks: ChunkReader) {
    this.#account = account
    this.#chunks = chunks
    if (account !== undefined && turns !== undefined) this.#reader = new FairReader({ turns, account, link, chunks })
  }

  /** Accepts received bytes, which are read when their turn comes. */
  take(chunk: Uint8Array): void {
    if (this.#reader === undefined) this.#chunks.read(chunk)
    else this.#reader.take(chunk)
  }

  /** Sets the bytes buffered for a partly received frame; 0 if there is none. */
  setPartialFrame(bytes: number): void {
    if (bytes === 0 && this.#frames === undefined) return
    this.#frames ??= (this.#account ?? unaccounted).meter(Held.Frames)
    this.#frames.set(bytes)
  }

  /** Adds bytes that were written but that the peer has not read. */
  addUnread(bytes: number): void {
    this.#writes ??= (this.#account ?? unaccounted).meter(Held.Writes)
    this.#writes.change(bytes)
  }

  /** Called when the peer has read everything. */
  clearUnread(): void {
    this.#writes?.clear()
  }

  /** Called when the link ends. Written data counts until the link is released. */
  close(gone: Promise<void>): void {
    this.#reader?.close()
    this.#frames?.clear()
    void gone.finally(() => {
      this.clearUnread()
      this.#account?.close()
    })
  }
}
