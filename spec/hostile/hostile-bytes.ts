// The bytes that hostile peers send, each with what it is: for the specs that watch a server from inside, and for those
// that watch one in a process of its own.
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { fromHex } from '../wire/frame-bytes.ts'

/** No frames of a session: each closes its link. */
export const brokenFrames: readonly (readonly [string, string])[] = [
  ['an unknown kind', '00000002 91 1f'],
  ['a kind of the handshake', '00000002 91 03'],
  ['a length of 0', '00000000'],
  ['a length of 4 GiB', 'ffffffff'],
  ['a frame with an item too many', '00000003 92 1c 00'],
  ['bytes after a frame', '00000003 91 1c 00'],
  ['a body that is no array', '00000001 c0'],
  ['a declared text of 4 GiB', '00000009 94 12 05 00 db ffffffff'],
  ['a declared array of 2^32 - 1', '00000009 94 12 05 00 dd ffffffff'],
  ['a number of 2^53', '0000000d 93 19 cf 0020000000000000 00 00'],
]

/** Values that are none: each is answered as BAD_REQUEST. */
export const payloadBombs: readonly (readonly [string, Payload])[] = [
  ['text that is no JSON', '{"a":'],
  ['an empty text', ''],
  ['JSON nested too deep', '['.repeat(19_000)],
  ['rich values without an annotation', { json: '1', meta: '{}', bytes: [] }],
  [
    'a typed array over a length',
    { json: '{"length":1000000000}', meta: '{"values":[["typed-array","Int8Array"]],"v":1}', bytes: [] },
  ],
  ['a path to a prototype', { json: '{}', meta: '{"values":{"__proto__.x":["Date"]},"v":1}', bytes: [] }],
  ['equalities', { json: '[[],[]]', meta: '{"referentialEqualities":{"0":["1"]},"v":1}', bytes: [] }],
  ['a regular expression', { json: '"/(a+)+$/"', meta: '{"values":["regexp"],"v":1}', bytes: [] }],
  ['bytes that nobody uses', { json: '"x"', meta: '{"values":["Date"],"v":1}', bytes: [new Uint8Array(1)] }],
  ['a thousand empty byte arrays', { json: '1', meta: '{}', bytes: Array(1_000).fill(new Uint8Array(0)) }],
]

/** All of HELLO but the credentials. */
export const helloStart = fromHex('98 01 01 00 c0 c0 c0 94 ce 00 40 00 00 cd 04 00 ce 00 04 00 00 ce 04 00 00 00')

/** What may not stand in place of HELLO's credentials. */
export const credentialBombs: readonly (readonly [string, string])[] = [
  ['65 nested arrays', `81 a1 61 ${'91'.repeat(64)} c0`],
  ['4 000 nested arrays', `81 a1 61 ${'91'.repeat(4_000)} c0`],
  ['nested heads of arrays of 65 535', `81 a1 61 ${'dc ff ff'.repeat(1_300)}`],
  ['nested heads of arrays of 2^32 - 1', `81 a1 61 ${'dd ff ff ff ff'.repeat(800)}`],
  ['a map of 2^32 - 1', 'df ff ff ff ff'],
  ['a map of 65 535 within', '81 a1 61 de ff ff a1 62'],
  ['a text of 4 GiB', '81 a1 61 db ff ff ff ff 61'],
  ['bytes of 4 GiB', '81 a1 61 c6 ff ff ff ff 61'],
  ['an extension type', '81 a1 61 c9 ff ff ff ff 01 00'],
  ['the key __proto__', '81 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a5 61 64 6d 69 6e c3'],
  ['the key __proto__ further in', '81 a7 57 69 74 6e 65 73 73 81 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a1 61 c3'],
  ['an array as key', '81 90 c0'],
  ['a list', '91 c0'],
  ['nothing', 'c0'],
]
