// What a value is on its way to and from the frame codec: texts and bytes that nobody has looked into yet, so that no
// bomb goes off in the wrong place. The value codec makes and reads payloads; the frame codec only passes them on.
import { Packed } from './packed.ts'

/** A value that JSON alone cannot carry: superjson's `{ json, meta }` as two JSON texts, and the bytes that it held. */
export interface RichPayload {
  readonly json: string
  readonly meta: string
  readonly bytes: readonly Uint8Array[]
}

/**
 * A value ready to travel: `undefined` for no value, {@link Packed} for a plain one, a string for the JSON text of a plain
 * value, a `Uint8Array` for a value that is bytes itself, and a {@link RichPayload} for everything else.
 */
export type Payload = undefined | Packed | string | Uint8Array | RichPayload

/** Measured on Node 20: an empty byte array takes two bytes on the wire and 200 in memory. Part of the protocol: see itemCost. */
const perByteArray = 200

/** About how many bytes a kept payload holds on to: text length plus byte length. Cheap: nothing is encoded. */
export function payloadSize(payload: Payload): number {
  if (payload === undefined) return 0
  if (payload instanceof Packed) return payload.end - payload.start
  if (typeof payload === 'string') return payload.length
  if (payload instanceof Uint8Array) return payload.byteLength
  let size = payload.json.length + payload.meta.length
  for (const bytes of payload.bytes) size += bytes.byteLength + perByteArray
  return size
}

/** The payload for decoding what is kept: the values that come of it get memory of their own. */
export function copied(payload: Payload): Payload {
  if (payload instanceof Uint8Array) return new Uint8Array(payload)
  if (payload === undefined || payload instanceof Packed || typeof payload === 'string') return payload
  return { ...payload, bytes: payload.bytes.map((bytes) => new Uint8Array(bytes)) }
}

/** The payload for who keeps it longer than the frame it came in: see {@link Packed.detached}. */
export function detached(payload: Payload): Payload {
  return payload instanceof Packed ? payload.detached() : payload
}
