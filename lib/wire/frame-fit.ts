// Whether a payload fits a peer's largest frame. Exact only near the bound, where it matters.
import { maxByteArrays } from './frame.ts'
import { Packed } from './packed.ts'
import type { Payload } from './payload.ts'
import { encodeText } from './text.ts'

/** What a frame needs besides its payload, with room to spare. */
const envelopeBytes = 128
const perByteArray = 5

export function fitsFrame(payload: Payload, maxFrameBytes: number): boolean {
  const room = maxFrameBytes - envelopeBytes
  if (payload === undefined) return true
  if (payload instanceof Packed) return payload.size <= room
  if (typeof payload === 'string') return textFits(payload, room)
  if (payload instanceof Uint8Array) return payload.length <= room
  if (payload.bytes.length > maxByteArrays) return false
  let left = room
  for (const bytes of payload.bytes) left -= bytes.length + perByteArray
  return left > 0 && textFits(payload.meta, left) && textFits(payload.json, left - textBytes(payload.meta))
}

function textFits(text: string, room: number): boolean {
  if (text.length > room) return false
  return text.length * 3 <= room || encodeText(text).length <= room
}

function textBytes(text: string): number {
  return text.length < 1_024 ? text.length * 3 : encodeText(text).length
}
