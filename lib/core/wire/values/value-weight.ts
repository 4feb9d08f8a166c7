// The approximate memory of a decoded value, up to fifty times its bytes: an empty array is one byte on the wire, but an
// object in memory. Estimated from counts, on Node 20. Texts and bytes take their own size and are not counted here.
import { Packed } from '../bytes/packed.ts'
import type { Payload } from '../bytes/payload.ts'

/** An array or an object, without its places. */
const containerBytes = 64
/** A place in an array or object. */
const placeBytes = 16
/** The weight of shorter texts is negligible. */
const leastAsked = 256

const openBracket = 0x5b
const openBrace = 0x7b
const comma = 0x2c

/** The weight of this many arrays and objects with this many values. */
export function weightOf(containers: number, values: number): number {
  return containers * containerBytes + values * placeBytes
}

/** The same for values sent as JSON text, including the annotations of rich ones. */
export function textWeightOf(payload: Payload): number {
  if (typeof payload === 'string') return weightOfText(payload)
  if (payload === undefined || payload instanceof Packed || payload instanceof Uint8Array) return 0
  return weightOfText(payload.json) + weightOfText(payload.meta)
}

/** Commas within texts count too, which overestimates a little and saves parsing. */
function weightOfText(text: string): number {
  if (text.length < leastAsked) return 0
  let containers = 0
  let values = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === comma) values++
    else if (code === openBracket || code === openBrace) containers++
  }
  return weightOf(containers, values + containers)
}
