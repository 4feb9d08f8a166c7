// Bytes as they were when they were given. Whatever is encoded may wait, be resent, be replayed or be kept, while the
// program fills its buffer again: so what a payload holds is memory that nobody else has.
//
//   given by the program             in the payload
//   a byte array               ->    a copy
//   what transfer() returned   ->    its memory; the array that was given is detached
import type { SpareMemory } from './spare-memory.ts'
import { isDetached, isGivenAway, takeMemory } from './transfer.ts'

/** The same bytes in memory of their own, which `lender` may lend. The caller has made sure that they are not detached. */
export function ownBytes(bytes: Uint8Array, lender?: SpareMemory): Uint8Array {
  const given = isGivenAway(bytes) ? takeMemory(bytes.buffer, bytes.byteLength) : undefined
  if (given !== undefined) return new Uint8Array(given)
  return lender?.lendCopy(bytes) ?? new Uint8Array(bytes)
}

/** The same for the bytes of one value: the same array may be in it twice. */
export function ownParts(parts: readonly Uint8Array[], lender?: SpareMemory): Uint8Array[] {
  const own: Uint8Array[] = []
  for (const [i, part] of parts.entries()) {
    // One whose memory was taken just now, for the same array earlier in the value.
    const earlier = isSpent(part) ? parts.findIndex(({ buffer }) => buffer === part.buffer) : i
    own.push(earlier < i ? (own[earlier] as Uint8Array) : ownBytes(part, lender))
  }
  return own
}

/** Whether an array is empty because its bytes were given away. */
export function isSpent(bytes: Uint8Array): boolean {
  return bytes.byteLength === 0 && isDetached(bytes.buffer)
}

/** The reason for those who send one. */
export const spentReason =
  'its memory is detached: it was given away before, by transfer() or postMessage(); send it once, or send a copy'
