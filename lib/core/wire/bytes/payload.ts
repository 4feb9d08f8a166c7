// A value on its way to or from the frame codec: texts and bytes that nothing has parsed yet, so that hostile content is only
// met by the code that checks it. The value codec makes and reads payloads; the frame codec only passes them on.
import { Packed } from './packed.ts'

/** A value that JSON alone cannot carry: superjson's `{ json, meta }` as two JSON texts, and the bytes that it held. */
export interface RichPayload {
  readonly json: string
  readonly meta: string
  readonly bytes: readonly Uint8Array[]
}

/**
 * A value ready to be sent: `undefined` for no value, {@link Packed} for a plain one, a string for the JSON text of a plain
 * value, a `Uint8Array` for bytes, and a {@link RichPayload} for everything else.
 */
export type Payload = undefined | Packed | string | Uint8Array | RichPayload

/** Measured on Node 20: an empty byte array takes two bytes on the wire and 200 in memory. Part of the protocol: see itemCost. */
const perByteArray = 200

/** The approximate number of bytes that a kept payload retains: text length plus byte length. Cheap: nothing is encoded. */
export function payloadSize(payload: Payload): number {
  if (payload === undefined) return 0
  if (payload instanceof Packed) return payload.end - payload.start
  if (typeof payload === 'string') return payload.length
  if (payload instanceof Uint8Array) return payload.byteLength
  let size = payload.json.length + payload.meta.length
  for (const bytes of payload.bytes) size += bytes.byteLength + perByteArray
  return size
}

/** A payload to decode from when the original is kept: the decoded values get memory of their own. */
export function copied(payload: Payload): Payload {
  if (payload instanceof Uint8Array) return new Uint8Array(payload)
  if (payload === undefined || payload instanceof Packed || typeof payload === 'string') return payload
  return { ...payload, bytes: payload.bytes.map((bytes) => new Uint8Array(bytes)) }
}

/** A payload to keep longer than the frame that it arrived in: see {@link Packed.detached}. */
export function detached(payload: Payload): Payload {
  return payload instanceof Packed ? payload.detached() : payload
}
