// Replaces link-holdings.ts in the bundle for browsers: a client has one server, counts nothing for it, and reads what arrives immediately.
import type { Link } from './link.ts'
import type * as full from './link-holdings.ts'
import type { ChunkReader } from './read-turns.ts'

export class LinkHoldings implements Pick<full.LinkHoldings, keyof full.LinkHoldings> {
  readonly #chunks: ChunkReader

  constructor(_link: Link, _options: full.LinkHoldingsOptions, chunks: ChunkReader) {
    this.#chunks = chunks
  }

  take(chunk: Uint8Array): void {
    this.#chunks.read(chunk)
  }

  setPartialFrame(): void {
    // Not counted.
  }

  addUnread(): void {
    // Not counted.
  }

  clearUnread(): void {
    // Not counted.
  }

  close(): void {
    // Nothing is kept.
  }
}
