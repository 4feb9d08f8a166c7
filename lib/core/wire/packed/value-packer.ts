// The fast path for sending: one walk over a value that both checks that it is plain and writes it as msgpack. Runs for every
// value that is sent, so it explains nothing: after `undefined`, the caller walks the value again with wire-tree.ts, which
// explains the fault or carries what msgpack does not.

import { isSpent } from '../bytes/owned-bytes.ts'
import { type Packed, PackedSlab } from '../bytes/packed.ts'
import { allocateBytes, writeText } from '../bytes/text.ts'
import { homePrototypeOf } from '../values/realm.ts'
import type { ValueLimits } from '../values/value-limits.ts'

const leastScratch = 16 * 1024
/** A scratch buffer that grew beyond this is dropped after use. */
const mostKeptScratch = 256 * 1024
/** Room for a head or a number. */
const leafRoom = 16
/** Texts below this length are written character by character: a native call costs more. */
const leastNativeText = 24
/** Larger byte arrays are sent as in rich values: beside the rest, copied once. */
const mostInlineBytes = 16 * 1024

/** Packs plain values: null, booleans, numbers, texts, small byte arrays, and arrays and objects of them. */
export class ValuePacker {
  readonly #limits: ValueLimits
  readonly #slab = new PackedSlab()
  readonly #number = new DataView(new ArrayBuffer(8))
  #bytes: Uint8Array = allocateBytes(leastScratch)
  #at = 0
  #nodes = 0
  #containers = 0
  #isPacking = false

  constructor(limits: ValueLimits) {
    this.#limits = limits
  }

  /** Returns undefined for rich, unsendable and too large values alike. Never throws. */
  pack(value: unknown): Packed | undefined {
    // A getter or a proxy is sending something meanwhile: the buffer is busy, so use the slow path.
    if (this.#isPacking) return undefined
    this.#isPacking = true
    this.#at = 0
    this.#nodes = 1
    this.#containers = 0
    try {
      return this.#write(value, this.#limits.maxDepth) ? this.#slab.put(this.#bytes, this.#at) : undefined
    } catch {
      return undefined // a getter or a proxy threw, or there was no room; the slow path says where
    } finally {
      this.#isPacking = false
      if (this.#bytes.length > mostKeptScratch) this.#bytes = allocateBytes(leastScratch)
    }
  }

  #write(value: unknown, depthLeft: number): boolean {
    switch (typeof value) {
      case 'string':
        return this.#writeText(value)
      case 'number':
        this.#writeNumber(value)
        return true
      case 'boolean':
        this.#reserve(leafRoom)
        this.#bytes[this.#at++] = value ? 0xc3 : 0xc2
        return true
      case 'object':
        if (value !== null) return this.#writeObject(value, depthLeft - 1)
        this.#reserve(leafRoom)
        this.#bytes[this.#at++] = 0xc0
        return true
      default:
        return false
    }
  }

  #writeObject(value: object, depthLeft: number): boolean {
    if (depthLeft < 0 || ++this.#containers > this.#limits.maxContainers) return false
    // superjson and JSON would call it; the slow path decides.
    if ((value as { toJSON?: unknown }).toJSON !== undefined) return false
    return this.#writeByPrototype(value, Object.getPrototypeOf(value) as object | null, depthLeft)
  }

  #writeByPrototype(value: object, prototype: object | null, depthLeft: number): boolean {
    if (prototype === Object.prototype) return this.#writeFields(value as Record<string, unknown>, depthLeft)
    if (prototype === Array.prototype) return Array.isArray(value) && this.#writeItems(value, depthLeft)
    if (prototype === Uint8Array.prototype) return ArrayBuffer.isView(value) && this.#writeBytes(value as Uint8Array)
    // Objects of JSON.rawJSON have no prototype, and JSON.stringify inserts them unchanged.
    if (prototype === null)
      return !('rawJSON' in value) && this.#writeFields(value as Record<string, unknown>, depthLeft)
    const home = homePrototypeOf(prototype)
    return home !== prototype && this.#writeByPrototype(value, home, depthLeft)
  }

  #writeItems(items: readonly unknown[], depthLeft: number): boolean {
    const { length } = items
    if (!this.#countNodes(length)) return false
    this.#writeHead(length, 0x90, 0xdc)
    for (let i = 0; i < length; i++) if (!this.#write(items[i], depthLeft)) return false
    return true
  }

  #writeFields(fields: Record<string, unknown>, depthLeft: number): boolean {
    const keys = Object.keys(fields)
    const { length } = keys
    if (!this.#countNodes(length)) return false
    this.#writeHead(length, 0x80, 0xde)
    for (let i = 0; i < length; i++) {
      const key = keys[i] as string
      if (!this.#writeText(key) || !this.#write(fields[key], depthLeft)) return false
    }
    return true
  }

  #countNodes(count: number): boolean {
    this.#nodes += count
    return this.#nodes <= this.#limits.maxNodes
  }

  #writeBytes(value: Uint8Array): boolean {
    const { length } = value
    if (length > mostInlineBytes || isSpent(value)) return false
    this.#reserve(length + leafRoom)
    const bytes = this.#bytes
    bytes[this.#at++] = 0xc5
    bytes[this.#at++] = length >>> 8
    bytes[this.#at++] = length
    bytes.set(value, this.#at)
    this.#at += length
    return true
  }

  /** The head of an array or a map: one byte, or with a length of two or four bytes. */
  #writeHead(count: number, short: number, long: number): void {
    this.#reserve(leafRoom)
    if (count < 16) this.#bytes[this.#at++] = short | count
    else if (count < 0x10000) {
      this.#bytes[this.#at++] = long
      this.#bytes[this.#at++] = count >>> 8
      this.#bytes[this.#at++] = count
    } else this.#writeLong(long + 1, count)
  }

  #writeNumber(value: number): void {
    this.#reserve(leafRoom)
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) this.#writeInteger(value)
    else if (value > 0 && value <= 0xffffffff && value === Math.floor(value)) this.#writeLong(0xce, value)
    else {
      const number = this.#number
      number.setFloat64(0, value)
      const bytes = this.#bytes
      let at = this.#at
      bytes[at++] = 0xcb
      for (let i = 0; i < 8; i++) bytes[at++] = number.getUint8(i)
      this.#at = at
    }
  }

  /** A 32-bit integer, in as few bytes as possible. */
  #writeInteger(value: number): void {
    const bytes = this.#bytes
    if (value >= -32 && value < 0x80) bytes[this.#at++] = value
    else if (value < 0) this.#writeLong(0xd2, value)
    else if (value < 0x100) {
      bytes[this.#at++] = 0xcc
      bytes[this.#at++] = value
    } else if (value < 0x10000) {
      bytes[this.#at++] = 0xcd
      bytes[this.#at++] = value >>> 8
      bytes[this.#at++] = value
    } else this.#writeLong(0xce, value)
  }

  #writeLong(type: number, value: number): void {
    const bytes = this.#bytes
    const at = this.#at
    bytes[at] = type
    bytes[at + 1] = value >>> 24
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 8
    bytes[at + 4] = value
    this.#at = at + 5
  }

  /** Returns false for a text with half a surrogate pair, which UTF-8 cannot encode. */
  #writeText(text: string): boolean {
    const { length } = text
    this.#reserve(length * 3 + leafRoom)
    if (length < leastNativeText && this.#writeAscii(text)) return true
    const headAt = this.#at
    const at = headAt + (length < 86 ? 2 : 5)
    const size = writeText(this.#bytes, at, text)
    if (size !== length && hasLoneSurrogate(text)) return false
    if (length < 86) {
      this.#bytes[headAt] = 0xd9
      this.#bytes[headAt + 1] = size
    } else this.#writeLong(0xdb, size)
    this.#at = at + size
    return true
  }

  /** Returns false, and writes nothing, for non-ASCII text. */
  #writeAscii(text: string): boolean {
    const bytes = this.#bytes
    const { length } = text
    let at = this.#at
    bytes[at++] = 0xa0 | length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      bytes[at++] = code
    }
    this.#at = at
    return true
  }

  #reserve(room: number): void {
    const needed = this.#at + room
    if (needed <= this.#bytes.length) return
    const larger = allocateBytes(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text)
}
