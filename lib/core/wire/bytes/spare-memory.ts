// Memory for copies of large byte arrays that is used again: to allocate a mebibyte, and to have it collected, takes longer than
// to fill it. What was lent comes back when nobody can need its bytes any more (see link/spent-memory.ts); where that is not
// known it never does, and is garbage like all else.
import { setTimeout } from '../../base/platform-timers.ts'
import { Packed } from './packed.ts'
import type { Payload } from './payload.ts'
import { allocateBytes } from './text.ts'

/** Smaller arrays are cheap to allocate. */
const leastLent = 64 * 1024
/** What is kept for one client or server. */
const mostKept = 4 * 1024 * 1024
/** Memory that is so much larger than what is asked for is not lent for it. */
const mostRoom = 1.25
/** It is released when none of it was lent for so long. */
const keptForMs = 2_000

interface Loan {
  readonly lender: SpareMemory
  /** All of it: what was lent may be a part. */
  readonly memory: Uint8Array
}

/** Each view that was lent. */
const loans = new WeakMap<Uint8Array, Loan>()

/** What one client or server lends. */
export class SpareMemory {
  readonly #kept: Uint8Array[] = []
  #keptBytes = 0
  #wasLent = false
  #isWatched = false

  /** How much is kept at the moment, to be lent again. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** A copy in memory that is lent; of little bytes, one in memory of its own. */
  lendCopy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (length < leastLent) return new Uint8Array(bytes)
    const memory = this.#take(length) ?? allocateBytes(length)
    const view = memory.length === length ? memory : memory.subarray(0, length)
    view.set(bytes)
    loans.set(view, { lender: this, memory })
    this.#wasLent = true
    return view
  }

  takeBack(memory: Uint8Array): void {
    if (this.#keptBytes + memory.length > mostKept) return
    this.#kept.push(memory)
    this.#keptBytes += memory.length
    this.#watch()
  }

  #take(length: number): Uint8Array | undefined {
    // What came last is still in the processor's cache.
    const fits = (memory: Uint8Array): boolean => memory.length >= length && memory.length <= length * mostRoom
    const at = this.#kept.findLastIndex(fits)
    if (at < 0) return undefined
    const [memory] = this.#kept.splice(at, 1) as [Uint8Array]
    this.#keptBytes -= memory.length
    return memory
  }

  #watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    const timer = setTimeout(this.#look, keptForMs) as { unref?(): void }
    timer.unref?.()
  }

  readonly #look = (): void => {
    this.#isWatched = false
    if (!this.#wasLent) {
      this.#kept.length = 0
      this.#keptBytes = 0
    }
    this.#wasLent = false
    if (this.#keptBytes > 0) this.#watch()
  }
}

/** Nobody needs these bytes any more. What was not lent stays what it is. */
export function takeBack(payload: Payload): void {
  for (const part of partsOf(payload)) {
    const loan = loans.get(part)
    loans.delete(part)
    loan?.lender.takeBack(loan.memory)
  }
}

/** Whether some of its memory is lent. */
export function isLent(payload: Payload): boolean {
  // Most payloads are these: nothing is looked up for them.
  if (payload === undefined || payload instanceof Packed || typeof payload === 'string') return false
  return partsOf(payload).some(isPartLent)
}

function isPartLent(part: Uint8Array): boolean {
  return loans.has(part)
}

const none: readonly Uint8Array[] = []

function partsOf(payload: Payload): readonly Uint8Array[] {
  if (payload instanceof Uint8Array) return [payload]
  if (typeof payload !== 'object' || payload instanceof Packed) return none
  return payload.bytes
}
