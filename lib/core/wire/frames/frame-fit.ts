// Whether a payload fits a peer's largest frame, and the error if it does not. Exact only near the bound, where it matters.
import { UnsendableError } from '../../base/errors.ts'
import { Packed } from '../bytes/packed.ts'
import type { Payload, RichPayload } from '../bytes/payload.ts'
import { encodeText } from '../bytes/text.ts'
import { maxByteArrays } from './frame.ts'

/** The size of a frame without its payload, generously. */
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

/**
 * The error for a value that does not fit.
 *
 * @param label what the value is, such as `data of action "X"`.
 */
export function tooLarge(label: string, payload: Payload, maxFrameBytes: number): UnsendableError {
  const what =
    isRich(payload) && payload.bytes.length > maxByteArrays
      ? `it holds ${payload.bytes.length} byte arrays, at most ${maxByteArrays} fit a frame`
      : `it has ${sizeOf(payload)} bytes, at most ${maxFrameBytes - envelopeBytes} fit a frame of ${maxFrameBytes}`
  return new UnsendableError(label, `${what}; stream it in parts, or raise limits.maxFrameBytes of its reader`, {
    code: 'TOO_LARGE',
  })
}

function isRich(payload: Payload): payload is RichPayload {
  return typeof payload === 'object' && !(payload instanceof Packed) && !(payload instanceof Uint8Array)
}

/** Its bytes on the wire, without the frame. */
function sizeOf(payload: Payload): number {
  if (payload === undefined) return 0
  if (payload instanceof Packed) return payload.size
  if (typeof payload === 'string') return encodeText(payload).length
  if (payload instanceof Uint8Array) return payload.length
  const texts = encodeText(payload.json).length + encodeText(payload.meta).length
  return payload.bytes.reduce((size, bytes) => size + bytes.length + perByteArray, texts)
}

function textFits(text: string, room: number): boolean {
  if (text.length > room) return false
  return text.length * 3 <= room || encodeText(text).length <= room
}

function textBytes(text: string): number {
  return text.length < 1_024 ? text.length * 3 : encodeText(text).length
}
