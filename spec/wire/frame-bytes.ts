// Frames as the bytes of our writer, and bytes as the frames of our reader; for the specs of the wire.

import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { type Frame, Kind, type SessionFrame } from '../../lib/core/wire/frames/frame.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'

/** Kinds from here on belong to a session; those below to the handshake. */
const firstSessionKind = 0x10

/** What the writer makes of these frames: length and body of each, in one piece. */
export function bytesOfFrames(...frames: readonly Frame[]): Buffer {
  const writer = new MsgpackWriter(new Slabs())
  for (const frame of frames) writeFrame(writer, frame)
  return Buffer.concat(writer.take())
}

/** The body of one frame, without its length. */
export function bodyOfFrame(frame: Frame): Buffer {
  return bytesOfFrames(frame).subarray(4)
}

/** What the reader makes of a body, by its kind one of the handshake or of a session. */
export function readBody(body: Uint8Array): Frame {
  const reader = new MsgpackReader()
  reader.open(body, 0, body.length, false)
  reader.arrayHead()
  return reader.uint() < firstSessionKind ? readHandshakeBody(body) : readSessionBody(body)
}

/** What the reader makes of a body within a session. It stands among other bytes, as in a receive buffer. */
export function readSessionBody(body: Uint8Array): SessionFrame {
  const reader = new MsgpackReader()
  return amongOthers(body, (bytes, start, end) => {
    reader.open(bytes, start, end, false)
    return exactFrame(readSessionFrame(reader))
  })
}

/** Likewise, of the first body of a link. */
export function readHandshakeBody(body: Uint8Array): Frame {
  return amongOthers(body, (bytes, start, end) => {
    return exactFrame(readHandshakeFrame(bytes, start, end, new MsgpackReader()))
  })
}

/** The frame, with a packed value in an array of its own: so frames are equal when their values have the same bytes. */
export function exactFrame<F extends Frame>(frame: F): F {
  const fields = Object.entries(frame).map(([name, field]) => [name, field instanceof Packed ? exactly(field) : field])
  return Object.fromEntries(fields) as F
}

function exactly({ bytes, start, end }: Packed): Packed {
  return new Packed(new Uint8Array(bytes.subarray(start, end)), 0, end - start)
}

/** The payload of a frame that carries one; other frames carry none. */
export function payloadOf(frame: Frame): Payload {
  if (frame.kind === Kind.Call) return frame.data
  if (frame.kind === Kind.Failure || frame.kind === Kind.Refused || frame.kind === Kind.Bye) return frame.error
  return 'value' in frame ? frame.value : undefined
}

/** Calls `use` with the same bytes in the middle of a receive buffer. */
export function amongOthers<T>(body: Uint8Array, use: (bytes: Buffer, start: number, end: number) => T): T {
  return use(Buffer.concat([Buffer.alloc(3, 0xc1), body, Buffer.alloc(5, 0xc0)]), 3, 3 + body.length)
}

/** `91 1c` and the like; spaces and line ends do not matter. */
export function fromHex(hex: string): Buffer {
  const digits = hex.replace(/\s+/g, '')
  if (!/^(?:[0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${hex}`)
  return Buffer.from(digits, 'hex')
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ')
}

/** Puts a length before a body. */
export function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
