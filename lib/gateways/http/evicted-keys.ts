// The idempotency keys that were evicted early. A call with such a key may have run, so it must not run again, but its outcome
// is no longer stored. Uses Bloom filters of digests: every evicted key is found, and about one in a thousand other keys (at
// most three) is mistaken for an evicted one.
//
//   slice (half a keepMs) ── small filter ── when that is full: large filter      a key is looked for in all slices;
//   slice ...                                                                     one is dropped when the last of its keys
//   slice (the present one)                                                       has been evicted for keepMs
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../core/base/clock.ts'

/** 16 bits for each key and 11 probes make one false match in 2 000. */
const bitsPerKey = 16
const looks = 11
/** Bits of the filters of one slice, powers of two: for 32 768 keys, and for 1 048 576 more. */
const usualSizes: readonly number[] = [2 ** 19, 2 ** 24]
const slicesInKeepMs = 2

/** Salts the digests, so that no client can search for false matches. */
const saltBytes = 16

interface Slice {
  readonly beganAtMs: number
  readonly filters: Filter[]
}

export class EvictedKeys {
  readonly #clock: Clock
  readonly #keepMs: number
  readonly #sizes: readonly number[]
  readonly #salt = randomBytes(saltBytes)
  /** Oldest first. */
  #slices: Slice[] = []

  constructor(keepMs: number, clock: Clock, sizes = usualSizes) {
    this.#keepMs = keepMs
    this.#sizes = sizes
    this.#clock = clock
  }

  /** At most 7 MiB: three slices. */
  get bytes(): number {
    return this.#slices.reduce((sum, { filters }) => sum + filters.reduce((of, { bytes }) => of + bytes, 0), 0)
  }

  /** True once more keys would cause too many false matches. */
  get isFull(): boolean {
    const filters = this.#current()?.filters ?? []
    return filters.length === this.#sizes.length && filters.at(-1)?.isFull === true
  }

  add(id: string): void {
    const { filters } = this.#current() ?? this.#begin()
    let last = filters.at(-1)
    const size = this.#sizes[filters.length]
    if (size !== undefined && last?.isFull !== false) {
      last = new Filter(size)
      filters.push(last)
    }
    last?.add(this.#digest(id))
  }

  /** True for each key that was added within the last `keepMs`, and for a few others. */
  has(id: string): boolean {
    this.#dropOld()
    if (this.#slices.length === 0) return false
    const digest = this.#digest(id)
    return this.#slices.some(({ filters }) => filters.some((filter) => filter.has(digest)))
  }

  #begin(): Slice {
    const slice: Slice = { beganAtMs: this.#clock.now(), filters: [] }
    this.#slices.push(slice)
    return slice
  }

  /** The slice for new keys; undefined if its time has passed. */
  #current(): Slice | undefined {
    this.#dropOld()
    const last = this.#slices.at(-1)
    const isOver = last !== undefined && this.#clock.now() - last.beganAtMs >= this.#keepMs / slicesInKeepMs
    return isOver ? undefined : last
  }

  #dropOld(): void {
    // The last key of a slice was added when the slice ended.
    const oldestMs = this.#clock.now() - this.#keepMs - this.#keepMs / slicesInKeepMs
    if ((this.#slices[0]?.beganAtMs ?? Number.POSITIVE_INFINITY) > oldestMs) return
    this.#slices = this.#slices.filter(({ beganAtMs }) => beganAtMs > oldestMs)
  }

  #digest(id: string): Digest {
    const bytes = createHash('sha256').update(this.#salt).update(id).digest()
    return { first: bytes.readUInt32LE(0), step: bytes.readUInt32LE(4) | 1 }
  }
}

interface Digest {
  readonly first: number
  /** Odd, so that each probe hits another bit. */
  readonly step: number
}

class Filter {
  readonly #bits: Uint8Array
  readonly #mask: number
  #count = 0

  /** `size` is the number of bits, a power of two. */
  constructor(size: number) {
    this.#bits = new Uint8Array(size / 8)
    this.#mask = size - 1
  }

  get bytes(): number {
    return this.#bits.length
  }

  get isFull(): boolean {
    return this.#count * bitsPerKey > this.#mask
  }

  add({ first, step }: Digest): void {
    this.#count++
    for (let look = 0, at = first; look < looks; look++, at = (at + step) | 0) {
      const bit = at & this.#mask
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] as number) | (1 << (bit & 7))
    }
  }

  has({ first, step }: Digest): boolean {
    for (let look = 0, at = first; look < looks; look++, at = (at + step) | 0) {
      const bit = at & this.#mask
      if (((this.#bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }
}
