// Memory for copies of large byte arrays, reused because allocating and collecting a mebibyte takes longer than filling it.
// Lent memory is returned when its bytes cannot be needed any more (see link/spent-memory.ts). Where that is unknown, it is
// never returned, and is garbage collected as usual.
import { setTimeout } from '../../base/platform-timers.ts'
import { Packed } from './packed.ts'
import type { Payload } from './payload.ts'
import { allocateBytes } from './text.ts'

/** Smaller arrays are cheap to allocate. */
const leastLent = 64 * 1024
/** The most kept for one client or server. */
const mostKept = 64 * 1024 * 1024
/** Memory is lent only for requests of at least 1/mostRoom of its size. */
const mostRoom = 1.25
/** Kept memory is released when none was lent for this long. */
const keptForMs = 2_000

interface Loan {
  readonly lender: SpareMemory
  /** The whole memory; the lent part may be smaller. */
  readonly memory: Uint8Array
}

/** The loan of each lent view. */
const loans = new WeakMap<Uint8Array, Loan>()

/** The memory that one client or server lends. */
export class SpareMemory {
  readonly #kept: Uint8Array[] = []
  #keptBytes = 0
  #wasLent = false
  #isWatched = false

  /** How much is currently kept for lending. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** A copy in lent memory, or in memory of its own if it is small. */
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
    // The last returned memory is still in the processor's cache.
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

/** Called when these bytes are no longer needed. Ignores memory that was not lent. */
export function takeBack(payload: Payload): void {
  for (const part of partsOf(payload)) {
    const loan = loans.get(part)
    loans.delete(part)
    loan?.lender.takeBack(loan.memory)
  }
}

/** Whether some of its memory is lent. */
export function isLent(payload: Payload): boolean {
  // Most payloads are of these types, and need no lookup.
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
