// The fast path for receiving: decodes msgpack of any shape into a plain value. The sender is not trusted: every declared
// count and length must have its bytes, depth and counts are bounded, and nothing is allocated before its data.

import type { Packed } from '../bytes/packed.ts'
import { readText } from '../bytes/text.ts'
import { badRequest } from '../values/bad-request.ts'
import type { ValueLimits } from '../values/value-limits.ts'
import { weightOf } from '../values/value-weight.ts'
import { isTextAt, shortText } from './short-text.ts'

/** Keys up to this length are looked up among earlier ones. */
const mostCachedKey = 24
const cachedKeys = 256

export class ValueUnpacker {
  readonly #limits: ValueLimits
  readonly #keys: string[] = new Array(cachedKeys).fill('')
  readonly #number = new DataView(new ArrayBuffer(8))
  #bytes: Uint8Array = noBytes
  #at = 0
  #end = 0
  #nodes = 0
  #containers = 0

  constructor(limits: ValueLimits) {
    this.#limits = limits
  }

  /** @throws ServerError with code `BAD_REQUEST` for anything but one value within the limits. */
  unpack(packed: Packed): unknown {
    this.#bytes = packed.bytes
    this.#at = packed.start
    this.#end = packed.end
    this.#nodes = 1
    this.#containers = 0
    try {
      const value = this.#read(this.#limits.maxDepth)
      if (this.#at !== this.#end) throw badRequest(`${this.#end - this.#at} bytes after the value`)
      return value
    } finally {
      this.#bytes = noBytes
    }
  }

  /** The weight of the last value: see value-weight.ts. */
  get weight(): number {
    return weightOf(this.#containers, this.#nodes)
  }

  #read(depthLeft: number): unknown {
    const head = this.#byte()
    if (head < 0x80) return head
    if (head < 0x90) return this.#readFields(head & 0x0f, depthLeft - 1)
    if (head < 0xa0) return this.#readItems(head & 0x0f, depthLeft - 1)
    if (head < 0xc0) return this.#readText(head & 0x1f)
    if (head >= 0xe0) return head - 0x100
    return this.#readLong(head, depthLeft)
  }

  #readLong(head: number, depthLeft: number): unknown {
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.#readBytes(this.#byte())
      case 0xc5:
        return this.#readBytes(this.#uint16())
      case 0xc6:
        return this.#readBytes(this.#uint32())
      case 0xca:
        return this.#stage(4).getFloat32(0)
      case 0xcb:
        return this.#stage(8).getFloat64(0)
      case 0xcc:
        return this.#byte()
      case 0xcd:
        return this.#uint16()
      case 0xce:
        return this.#uint32()
      case 0xcf:
        return exact(this.#stage(8).getBigUint64(0))
      case 0xd0:
        return this.#stage(1).getInt8(0)
      case 0xd1:
        return this.#stage(2).getInt16(0)
      case 0xd2:
        return this.#stage(4).getInt32(0)
      case 0xd3:
        return exact(this.#stage(8).getBigInt64(0))
      case 0xd9:
        return this.#readText(this.#byte())
      case 0xda:
        return this.#readText(this.#uint16())
      case 0xdb:
        return this.#readText(this.#uint32())
      case 0xdc:
        return this.#readItems(this.#uint16(), depthLeft - 1)
      case 0xdd:
        return this.#readItems(this.#uint32(), depthLeft - 1)
      case 0xde:
        return this.#readFields(this.#uint16(), depthLeft - 1)
      case 0xdf:
        return this.#readFields(this.#uint32(), depthLeft - 1)
      default:
        throw badRequest(`msgpack type 0x${head.toString(16)} is not used in values`)
    }
  }

  #readItems(count: number, depthLeft: number): unknown[] {
    this.#enter(count, count, depthLeft)
    const blank = blanks[count]
    if (blank !== undefined) {
      // `slice` allocates exactly the places needed; `push` would allocate 17 for the first item.
      const items: unknown[] = blank.slice()
      for (let i = 0; i < count; i++) items[i] = this.#read(depthLeft)
      return items
    }
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.push(this.#read(depthLeft))
    return items
  }

  #readFields(count: number, depthLeft: number): Record<string, unknown> {
    this.#enter(count, count * 2, depthLeft)
    const fields: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) {
      const key = this.#readKey()
      const value = this.#read(depthLeft)
      if (key !== '__proto__') fields[key] = value
      else Object.defineProperty(fields, key, { value, configurable: true, enumerable: true, writable: true })
    }
    return fields
  }

  /** Each item takes at least a byte, so a count that cannot be true is rejected before places are allocated for it. */
  #enter(count: number, leastBytes: number, depthLeft: number): void {
    const { maxContainers, maxDepth, maxNodes } = this.#limits
    if (depthLeft < 0) throw badRequest(`nested more than ${maxDepth} deep (limits.maxValueDepth)`)
    this.#countContainer(maxContainers)
    this.#nodes += count
    if (this.#nodes > maxNodes) throw badRequest(`more than ${maxNodes} values (limits.maxValueContainers)`)
    if (leastBytes > this.#end - this.#at)
      throw badRequest(`${count} items declared, ${this.#end - this.#at} bytes left`)
  }

  #countContainer(maxContainers: number): void {
    if (++this.#containers > maxContainers)
      throw badRequest(`more than ${maxContainers} arrays and objects (limits.maxValueContainers)`)
  }

  #readKey(): string {
    const head = this.#byte()
    let length: number
    if ((head & 0xe0) === 0xa0) length = head & 0x1f
    else if (head === 0xd9) length = this.#byte()
    else if (head === 0xda) length = this.#uint16()
    else if (head === 0xdb) length = this.#uint32()
    else throw badRequest(`a key of msgpack type 0x${head.toString(16)}`)
    if (length > mostCachedKey) return this.#readText(length)
    const bytes = this.#bytes
    const start = this.#skip(length)
    const end = this.#at
    let hash = length
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
    const slot = hash & (cachedKeys - 1)
    const cached = this.#keys[slot] as string
    if (cached.length === length && isTextAt(bytes, start, cached)) return cached
    const key = readText(bytes, start, end)
    if (key.length === length) this.#keys[slot] = key
    return key
  }

  #readText(length: number): string {
    const start = this.#skip(length)
    return shortText(this.#bytes, start, length) ?? readText(this.#bytes, start, this.#at)
  }

  /** A copy: the surrounding bytes do not belong to the reader. */
  #readBytes(length: number): Uint8Array {
    this.#countContainer(this.#limits.maxContainers)
    const start = this.#skip(length)
    return new Uint8Array(this.#bytes.subarray(start, this.#at))
  }

  #byte(): number {
    if (this.#at >= this.#end) throw badRequest('it ends where a value should be')
    return this.#bytes[this.#at++] as number
  }

  #uint16(): number {
    const at = this.#skip(2)
    const bytes = this.#bytes
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }

  #uint32(): number {
    const high = this.#uint16()
    return high * 0x10000 + this.#uint16()
  }

  /** The next bytes as a DataView, for reading numbers. */
  #stage(size: number): DataView {
    const number = this.#number
    const start = this.#skip(size)
    for (let i = 0; i < size; i++) number.setUint8(i, this.#bytes[start + i] as number)
    return number
  }

  /** Skips this many bytes and returns where they begin. */
  #skip(count: number): number {
    const start = this.#at
    if (count > this.#end - start) throw badRequest(`${count} bytes declared, ${this.#end - start} left`)
    this.#at = start + count
    return start
  }
}

/** Arrays of null, by length. */
const blanks: readonly null[][] = Array.from({ length: 17 }, (_, length) => [...Array(length)].map(() => null))
const noBytes = new Uint8Array(0)

/** An integer that a JavaScript number represents exactly. */
function exact(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw badRequest('a whole number beyond 2^53: send it as a bigint or a float')
}
