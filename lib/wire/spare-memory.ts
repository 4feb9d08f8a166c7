// Memory for copies of large byte arrays that is used again: to allocate a mebibyte, and to have it collected, takes longer than
// to fill it. What was lent comes back when nobody can need its bytes any more (see link/spent-memory.ts); where that is not
// known it never does, and is garbage like all else.
import { setTimeout } from '../base/platform-timers.ts'
import { Packed } from './packed.ts'
import type { Payload } from './payload.ts'
import { allocateBytes } from './text.ts'

/** Smaller arrays are cheap to allocate. */
const leastLent = 64 * 1024
/** What is kept for all clients and servers of the process. */
const mostKept = 8 * 1024 * 1024
/** Memory that is so much larger than what is asked for is not lent for it. */
const mostRoom = 1.25
/** It is let go when none of it was lent for so long. */
const keptForMs = 2_000

const kept: Uint8Array[] = []
let keptBytes = 0
let wasLent = false
let isWatched = false
/** Each view that was lent, with all of its memory. */
const lent = new WeakMap<Uint8Array, Uint8Array>()

/** How much is kept at the moment, to be lent again. */
export function spareBytes(): number {
  return keptBytes
}

/** A copy in memory that is lent. */
export function lendCopy(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length < leastLent) return new Uint8Array(bytes)
  const memory = take(length) ?? allocateBytes(length)
  const view = memory.length === length ? memory : memory.subarray(0, length)
  view.set(bytes)
  lent.set(view, memory)
  wasLent = true
  return view
}

/** Nobody needs these bytes any more. What was not lent stays what it is. */
export function takeBack(payload: Payload): void {
  for (const part of partsOf(payload)) {
    const memory = lent.get(part)
    if (memory === undefined) continue
    lent.delete(part)
    if (keptBytes + memory.length > mostKept) continue
    kept.push(memory)
    keptBytes += memory.length
    watch()
  }
}

/** Whether some of its memory is lent. */
export function isLent(payload: Payload): boolean {
  // Most are: of these nothing is looked up.
  if (payload === undefined || payload instanceof Packed || typeof payload === 'string') return false
  return partsOf(payload).some(isPartLent)
}

function isPartLent(part: Uint8Array): boolean {
  return lent.has(part)
}

function take(length: number): Uint8Array | undefined {
  // What came last is still in the processor's cache.
  const at = kept.findLastIndex((memory) => memory.length >= length && memory.length <= length * mostRoom)
  if (at < 0) return undefined
  const [memory] = kept.splice(at, 1) as [Uint8Array]
  keptBytes -= memory.length
  return memory
}

const none: readonly Uint8Array[] = []

function partsOf(payload: Payload): readonly Uint8Array[] {
  if (payload instanceof Uint8Array) return [payload]
  if (typeof payload !== 'object' || payload instanceof Packed) return none
  return payload.bytes
}

function watch(): void {
  if (isWatched) return
  isWatched = true
  const timer = setTimeout(look, keptForMs) as { unref?(): void }
  timer.unref?.()
}

function look(): void {
  isWatched = false
  if (!wasLent) {
    kept.length = 0
    keptBytes = 0
  }
  wasLent = false
  if (keptBytes > 0) watch()
}
