// About what a value takes in memory once it is decoded, which may be fifty times its bytes: an empty array is one byte on the
// way and has a head here. Estimated from counts, on Node 20; texts and bytes weigh what they are and are not counted again.
import { Packed } from '../bytes/packed.ts'
import type { Payload } from '../bytes/payload.ts'

/** An array or an object by itself. */
const containerBytes = 64
/** A place in one of them. */
const placeBytes = 16
/** Shorter texts weigh nothing that matters. */
const leastAsked = 256

const openBracket = 0x5b
const openBrace = 0x7b
const comma = 0x2c

/** What this many arrays and objects with so many values in them weigh. */
export function weightOf(containers: number, values: number): number {
  return containers * containerBytes + values * placeBytes
}

/** The same for values that travel as JSON's text, the annotations of rich ones included. */
export function textWeightOf(payload: Payload): number {
  if (typeof payload === 'string') return weightOfText(payload)
  if (payload === undefined || payload instanceof Packed || payload instanceof Uint8Array) return 0
  return weightOfText(payload.json) + weightOfText(payload.meta)
}

/** Commas within texts count too: that is a little too much, and costs no parsing. */
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
