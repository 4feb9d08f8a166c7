// A plain value in its wire form (msgpack), as a range of a byte array that also holds other things. Sending or receiving a
// value allocates no array for it.
//
//   sender:    ValuePacker -> Packed, in a slab of the packer's -> frame, and the ledger, which both only read it
//   receiver:  chunk of the socket -> frame -> Packed, in the chunk -> ValueUnpacker
import { allocateBytes } from './text.ts'

/** From `start` to `end` of `bytes`. Read only. */
export class Packed {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Nothing else will be written to `bytes`. Otherwise they may be those of the next read. */
  readonly isOwned: boolean

  constructor(bytes: Uint8Array, start: number, end: number, isOwned = true) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.isOwned = isOwned
  }

  get size(): number {
    return this.end - this.start
  }

  /** A copy in memory of its own, for keeping: a few bytes must not retain the chunk that they arrived in. */
  detached(): Packed {
    const { size } = this
    if (this.isOwned && size * 2 > this.bytes.buffer.byteLength) return this
    const copy = allocateBytes(size)
    copyBytes(this.bytes, this.start, this.end, copy, 0)
    return new Packed(copy, 0, size)
  }
}

/** A small answer that is kept retains this much although its neighbours are gone; a session retains at most one slab per slot. */
const slabBytes = 4 * 1024
/** Larger values get memory of their own. */
const mostShared = slabBytes / 2

/** Where packed values are stored: small ones side by side. Stored bytes are never overwritten. */
export class PackedSlab {
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0

  /** A copy of the first `size` bytes. */
  put(source: Uint8Array, size: number): Packed {
    if (size > mostShared) {
      const own = allocateBytes(size)
      copyBytes(source, 0, size, own, 0)
      return new Packed(own, 0, size)
    }
    if (this.#at + size > this.#bytes.length) {
      this.#bytes = allocateBytes(slabBytes)
      this.#at = 0
    }
    const start = this.#at
    this.#at = start + size
    copyBytes(source, 0, size, this.#bytes, start)
    return new Packed(this.#bytes, start, this.#at)
  }
}

/** Up to this length, a loop is faster than a view and a native copy. */
const mostLooped = 64

/** Copies `source` from start to end into `target`. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start <= mostLooped) {
    for (let i = start, to = at; i < end; i++, to++) target[to] = source[i] as number
  } else target.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), at)
}
