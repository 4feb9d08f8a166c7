// Writes the few msgpack types that frames consist of, directly into memory borrowed for one frame at a time: the next
// frame, of any link, continues after it. Large byte arrays are not copied again: they become segments of their own between
// the written ones. They belong to payloads, and never change.
//
//   segments:   [slab part: headers, small values][the payload's big array][slab part: ...]
import { copyBytes, type Packed } from '../bytes/packed.ts'
import type { Slab, Slabs } from '../bytes/slabs.ts'
import { encodeText, writeText } from '../bytes/text.ts'

/** Byte arrays from this size on are sent without another copy. */
const leastForeignBytes = 16 * 1024
/** Texts from this length on are encoded into memory of their own. Shorter ones take less than 64 KiB. */
const leastForeignText = 16 * 1024
/** Room reserved for the heads of one frame. */
const headRoom = 128

export class MsgpackWriter {
  readonly #slabs: Slabs
  /** Borrowed while a frame is written. */
  #slab: Slab | undefined
  /** Written but not yet taken, after the closed segments: from #segmentAt to #at of #bytes. */
  #bytes: Uint8Array = noBytes
  #segmentAt = 0
  #at = 0
  #segments: Uint8Array[] | undefined
  /** Bytes written but not yet taken. */
  size = 0
  #frameSizeBefore = 0
  #headAt = 0
  #head: Uint8Array = noBytes

  constructor(slabs: Slabs) {
    this.#slabs = slabs
  }

  /** Starts a frame. endFrame fills in its length. */
  beginFrame(): void {
    this.reserve(headRoom)
    this.#frameSizeBefore = this.size
    this.#head = this.#bytes
    this.#headAt = this.#at
    this.#at += 4
    this.size += 4
  }

  /** Fills in the length of the body and returns it. */
  endFrame(): number {
    const length = this.size - this.#frameSizeBefore - 4
    const head = this.#head
    const at = this.#headAt
    head[at] = length >>> 24
    head[at + 1] = length >>> 16
    head[at + 2] = length >>> 8
    head[at + 3] = length
    this.#giveBack()
    return length
  }

  arrayHead(count: number): void {
    if (count < 16) this.#byte(0x90 | count)
    else if (count < 0x10000) {
      this.#byte(0xdc)
      this.#byte(count >>> 8)
      this.#byte(count)
    } else this.#lengthHead(0xdd, count)
  }

  nil(): void {
    this.#byte(0xc0)
  }

  /** A whole number from 0 to 2^53 - 1. */
  uint(value: number): void {
    if (value < 0x80) this.#byte(value)
    else if (value < 0x100) {
      this.#byte(0xcc)
      this.#byte(value)
    } else if (value < 0x10000) {
      this.#byte(0xcd)
      this.#byte(value >>> 8)
      this.#byte(value)
    } else if (value < 0x100000000) {
      this.#byte(0xce)
      this.#uint32(value)
    } else {
      this.#byte(0xcf)
      this.#uint32(Math.floor(value / 0x100000000))
      this.#uint32(value >>> 0)
    }
  }

  text(text: string): void {
    if (text.length >= leastForeignText) {
      const encoded = encodeText(text)
      this.reserve(headRoom)
      this.#lengthHead(0xdb, encoded.length)
      this.#foreign(encoded)
      return
    }
    this.reserve(text.length * 3 + headRoom)
    const headAt = this.#at
    // The length is known only afterwards, so the head is chosen by the longest possible length.
    const headSize = text.length < 11 ? 1 : text.length < 86 ? 2 : 3
    const length = writeText(this.#bytes, headAt + headSize, text)
    this.#textHead(headAt, headSize, length)
    this.#at = headAt + headSize + length
    this.size += headSize + length
  }

  bytes(value: Uint8Array): void {
    this.reserve(headRoom)
    this.#lengthHead(0xc6, value.length)
    if (value.length >= leastForeignBytes) {
      this.#foreign(value)
      return
    }
    this.reserve(value.length + headRoom)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    this.size += value.length
  }

  /** A packed value as the only item of an array. */
  packed(value: Packed): void {
    const { size } = value
    if (size >= leastForeignBytes) {
      this.reserve(headRoom)
      this.#byte(0x91)
      this.#foreign(value.bytes.subarray(value.start, value.end))
      return
    }
    this.reserve(size + headRoom)
    this.#byte(0x91)
    copyBytes(value.bytes, value.start, value.end, this.#bytes, this.#at)
    this.#at += size
    this.size += size
  }

  /** Bytes that are already msgpack. */
  raw(encoded: Uint8Array): void {
    this.reserve(encoded.length + headRoom)
    this.#bytes.set(encoded, this.#at)
    this.#at += encoded.length
    this.size += encoded.length
  }

  /** Everything written since the last call, in order. The memory belongs to the receiver. */
  take(): Uint8Array[] {
    this.#closeSegment()
    this.#giveBack()
    // Otherwise each idle link would keep the slab of its last frame.
    this.#bytes = noBytes
    this.#head = noBytes
    this.#segmentAt = 0
    this.#at = 0
    const segments = this.#segments ?? []
    this.#segments = undefined
    this.size = 0
    return segments
  }

  /** Ensures that this many bytes fit in one piece. A frame's head stays where it was written. */
  reserve(roomBytes: number): void {
    if (this.#slab !== undefined && this.#bytes.length - this.#at >= roomBytes) return
    this.#giveBack()
    const slab = this.#slabs.borrow(roomBytes)
    this.#slab = slab
    // Nothing was written there in between: the open segment continues.
    if (slab.bytes === this.#bytes && slab.start === this.#at) return
    this.#closeSegment()
    this.#bytes = slab.bytes
    this.#segmentAt = slab.start
    this.#at = slab.start
  }

  #giveBack(): void {
    const slab = this.#slab
    if (slab === undefined) return
    slab.start = this.#at
    this.#slab = undefined
    this.#slabs.giveBack(slab)
  }

  #closeSegment(): void {
    if (this.#at === this.#segmentAt) return
    this.#segments ??= []
    this.#segments.push(this.#bytes.subarray(this.#segmentAt, this.#at))
    this.#segmentAt = this.#at
  }

  #foreign(bytes: Uint8Array): void {
    this.#closeSegment()
    this.#segments ??= []
    this.#segments.push(bytes)
    this.size += bytes.length
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value
    this.size++
  }

  #uint32(value: number): void {
    const bytes = this.#bytes
    const at = this.#at
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
    this.#at = at + 4
    this.size += 4
  }

  /** A head with a 32-bit length: msgpack allows longer heads than needed. */
  #lengthHead(type: number, length: number): void {
    this.#byte(type)
    this.#uint32(length)
  }

  #textHead(at: number, size: number, length: number): void {
    const bytes = this.#bytes
    if (size === 1) bytes[at] = 0xa0 | length
    else if (size === 2) {
      bytes[at] = 0xd9
      bytes[at + 1] = length
    } else {
      bytes[at] = 0xda
      bytes[at + 1] = length >>> 8
      bytes[at + 2] = length
    }
  }
}

const noBytes = new Uint8Array(0)
