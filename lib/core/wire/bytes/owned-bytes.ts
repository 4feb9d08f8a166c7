// Bytes as they were when the program passed them. Encoded bytes may wait, be resent, replayed or kept while the program
// reuses its buffer, so a payload's memory belongs to it alone.
//
//   passed by the program            in the payload
//   a byte array               ->    a copy
//   what transfer() returned   ->    its memory; the array that was passed is detached
import type { SpareMemory } from './spare-memory.ts'
import { isDetached, isGivenAway, takeMemory } from './transfer.ts'

/** A copy in memory of its own, which `lender` may lend. The caller has checked that the bytes are not detached. */
export function ownBytes(bytes: Uint8Array, lender?: SpareMemory): Uint8Array {
  const given = isGivenAway(bytes) ? takeMemory(bytes.buffer, bytes.byteLength) : undefined
  if (given !== undefined) return new Uint8Array(given)
  return lender?.lendCopy(bytes) ?? new Uint8Array(bytes)
}

/** The same for all bytes of one value, which may contain the same array twice. */
export function ownParts(parts: readonly Uint8Array[], lender?: SpareMemory): Uint8Array[] {
  const own: Uint8Array[] = []
  for (const [i, part] of parts.entries()) {
    // An array whose memory was just taken, for its earlier place in the value.
    const earlier = isSpent(part) ? parts.findIndex(({ buffer }) => buffer === part.buffer) : i
    own.push(earlier < i ? (own[earlier] as Uint8Array) : ownBytes(part, lender))
  }
  return own
}

/** Whether an array is empty because its bytes were given away. */
export function isSpent(bytes: Uint8Array): boolean {
  return bytes.byteLength === 0 && isDetached(bytes.buffer)
}

/** The reason in the error for sending such an array. */
export const spentReason =
  'its memory is detached: it was given away before, by transfer() or postMessage(); send it once, or send a copy'
