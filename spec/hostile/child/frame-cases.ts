// Within a session: bodies that are no frames, frames that are not to be, and values that are none.

import type { Payload } from '../../../lib/core/wire/bytes/payload.ts'
import { Kind } from '../../../lib/core/wire/frames/frame.ts'
import { bytesOfFrames, framed, fromHex } from '../../wire/frame-bytes.ts'
import { refs } from '../arena-actions.ts'
import { brokenFrames, payloadBombs } from '../hostile-bytes.ts'
import { callFrame, plainHello } from '../raw-peer.ts'
import { answers, failsAs, goesOn, guest, type HostileCase } from './hostile-case.ts'
import { maxFrameBytes } from './small-limits.ts'

const seq = 1_024
const { limits } = plainHello
const secret = new Uint8Array(32)

const broken: readonly HostileCase[] = [
  ...brokenFrames.map(([what, hex]) => guest(what, fromHex(hex))),
  guest('a frame of a byte more than is taken', framed(Buffer.alloc(maxFrameBytes + 1)).subarray(0, 4)),
  guest('a frame of 2 GiB', fromHex('7fffffff')),
  guest('an item too few', fromHex('00000002 92 19')),
  guest('a flag of 2', fromHex('00000003 92 1e 02')),
  guest('a negative number', fromHex('00000004 93 19 ff 00')),
  guest('a number that is a fraction', fromHex('0000000c 93 19 cb 4050000000000000 00')),
  guest('a payload that is a map', fromHex('00000009 97 11 cd0400 00 01 c0 00 80')),
  guest('a payload of no parts', fromHex('0000000a 97 11 cd0400 00 01 c0 00 90')),
  guest('a rich payload of 65 001 byte arrays', framed(manyByteArrays(65_001))),
  guest('2^32 - 1 acknowledgements', fromHex('00000007 92 1a dd ffffffff')),
  guest('1 025 acknowledgements', [{ kind: Kind.Ack, seqs: Array.from({ length: 1_025 }, (_, i) => i) }]),
  guest('a second HELLO', [plainHello]),
  guest('a WELCOME', [
    { kind: Kind.Welcome, version: 1, features: 0, sessionId: 'x', resumeSecret: secret, resumed: true, limits },
  ]),
  guest('half a frame, then the end', (peer) => {
    peer.isStubborn = true
    peer.socket.end(bytesOfFrames(callFrame(seq, { data: '"x"' })).subarray(0, 9))
  }),
  guest('a frame of all but one byte, then the end', (peer) => {
    peer.isStubborn = true
    peer.socket.end(bytesOfFrames(callFrame(seq, { data: 'x'.repeat(maxFrameBytes - 100) })).subarray(0, -1))
  }),
]

/** A CALL whose data declares and holds so many empty byte arrays. */
function manyByteArrays(count: number): Buffer {
  const head = fromHex('97 11 cd0400 00 01 c0 00 dd 00000000 a1 31 a1 7b')
  head.writeUInt32BE(count + 2, 10)
  return Buffer.concat([head, Buffer.alloc(2 * count, fromHex('c4 00'))])
}

const almostFull = maxFrameBytes - 100

function meta(values: unknown): string {
  return JSON.stringify({ values, v: 1 })
}

const largeBombs: readonly (readonly [string, Payload])[] = [
  ['arrays nested as deep as a frame is long', '['.repeat(almostFull)],
  ['objects nested as deep as a frame is long', '{"a":'.repeat(almostFull / 5)],
  ['as many arrays as a frame holds', `[${'[],'.repeat(almostFull / 3 - 2)}0]`],
  ['as many objects as a frame holds', `[${'{},'.repeat(almostFull / 3 - 2)}0]`],
  ['a text that does not end', `"${'a'.repeat(almostFull - 2)}`],
  ['escapes that do not end', `"${'\\'.repeat(almostFull - 3)}`],
  ['a number as long as a frame, and no JSON', '-'.padEnd(almostFull, '9').concat('x')],
  [
    'a bigint of a quarter of a million digits',
    { json: `"${'9'.repeat(almostFull - 100)}"`, meta: meta(['bigint']), bytes: [] },
  ],
  [
    'a Date of a quarter of a million digits',
    { json: `"${'9'.repeat(almostFull - 100)}"`, meta: meta(['Date']), bytes: [] },
  ],
  ['a path as long as a frame', { json: '[]', meta: meta({ [pathOf(almostFull / 2 - 100)]: ['set'] }), bytes: [] }],
  [
    'annotations nested as deep as a frame is long',
    { json: '[]', meta: `{"values":${'['.repeat(almostFull - 100)}`, bytes: [] },
  ],
  [
    'a meta of nothing but arrays',
    { json: '[]', meta: `{"values":[${'[],'.repeat(almostFull / 3 - 20)}0],"v":1}`, bytes: [] },
  ],
  ['a Set of a made-up length', { json: '{"length":1000000000}', meta: meta(['set']), bytes: [] }],
  ['annotations for what is not there', { json: '{}', meta: meta(manyPaths(almostFull / 24)), bytes: [] }],
  ['a path that is there again and again', { json: '[]', meta: samePath(almostFull / 22), bytes: [] }],
]

function pathOf(keys: number): string {
  return '0.'.repeat(keys).concat('0')
}

function manyPaths(count: number): unknown {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, ['undefined']]))
}

function samePath(count: number): string {
  return `{"values":{${Array(Math.floor(count)).fill('"0":["undefined"]').join(',')}},"v":1}`
}

/** Values in msgpack, as they are within the payload. */
const packedBombs: readonly (readonly [string, Buffer])[] = [
  ['nothing', fromHex('')],
  ['two values', fromHex('01 02')],
  ['a text of 4 GiB', fromHex('db ffffffff 61')],
  ['bytes of 4 GiB', fromHex('c6 ffffffff 61')],
  ['a list of 2^32 - 1', fromHex('dd ffffffff')],
  ['a map of 2^32 - 1', fromHex('df ffffffff')],
  ['an extension of 4 GiB', fromHex('c9 ffffffff 01')],
  ['the type that msgpack never uses', fromHex('c1')],
  ['lists in lists as deep as a frame is long', Buffer.alloc(almostFull, 0x91)],
  ['maps in maps as deep as a frame is long', Buffer.alloc(almostFull, fromHex('81 a1 61'))],
  ['lists of 65 535 in each other', Buffer.alloc(almostFull, fromHex('dc ffff'))],
  ['as many empty lists as a frame holds', manyPacked(0x90)],
  ['as many empty maps as a frame holds', manyPacked(0x80)],
]

/** A list of so many equal items of one byte. */
function manyPacked(item: number): Buffer {
  const head = fromHex('dd 00000000')
  head.writeUInt32BE(almostFull, 1)
  return Buffer.concat([head, Buffer.alloc(almostFull, item)])
}

function packedCall(value: Buffer): Buffer {
  return framed(Buffer.concat([fromHex('97 11 cd0400 00 01 c0 00 91'), value]))
}

const values: readonly HostileCase[] = [
  ...packedBombs.map(([what, value]) => guest(`packed: ${what}`, packedCall(value), failsAs('BAD_REQUEST', seq))),
  guest('as many packed numbers as a frame holds', packedCall(manyPacked(0x01)), goesOn),
  ...payloadBombs.map(([what, data]) => guest(what, [callFrame(seq, { data })], failsAs('BAD_REQUEST', seq))),
  ...largeBombs.map(([what, data]) => guest(what, [callFrame(seq, { data })], failsAs('BAD_REQUEST', seq))),
  guest('a quarter of a million digits', [callFrame(seq, { data: '9'.repeat(almostFull) })], answers(seq)),
  guest(
    'as many numbers as a frame holds',
    [callFrame(seq, { ref: refs.Hold, data: `[${'0,'.repeat(almostFull / 2 - 2)}0]` })],
    goesOn,
  ),
  guest('as many keys as a frame holds', [callFrame(seq, { ref: refs.Hold, data: manyKeys() })], goesOn),
  guest(
    'input items that are none',
    (peer) => {
      peer.send(callFrame(seq, { ref: refs.Ignore, inputs: 1 }))
      for (let index = 0; index < 15; index++) peer.send({ kind: Kind.Input, seq, index, value: '['.repeat(1_000) })
    },
    goesOn,
  ),
]

function manyKeys(): string {
  const entries: string[] = []
  for (let length = 2, i = 0; ; i++) {
    const entry = `"${i.toString(36)}":0`
    length += entry.length + 1
    if (length > almostFull) return `{${entries.join(',')}}`
    entries.push(entry)
  }
}

export const frameCases: readonly HostileCase[] = [...broken, ...values]
