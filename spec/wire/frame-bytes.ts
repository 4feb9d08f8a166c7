// Frames as the bytes of our writer, and bytes as the frames of our reader; for the specs of the wire.
import type { Frame } from '../../lib/wire/frame.ts'
import { readHandshakeFrame, readSessionFrame } from '../../lib/wire/frame-reader.ts'
import { writeFrame } from '../../lib/wire/frame-writer.ts'
import { MsgpackReader } from '../../lib/wire/msgpack-reader.ts'
import { MsgpackWriter } from '../../lib/wire/msgpack-writer.ts'
import { Slabs } from '../../lib/wire/slabs.ts'

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
export function readSessionBody(body: Uint8Array): Frame {
  const reader = new MsgpackReader()
  reader.open(amongOthers(body), 3, 3 + body.length, false)
  return readSessionFrame(reader)
}

/** Likewise, of the first body of a link. */
export function readHandshakeBody(body: Uint8Array): Frame {
  return readHandshakeFrame(amongOthers(body), 3, 3 + body.length, new MsgpackReader())
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

function amongOthers(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.alloc(3, 0xc1), body, Buffer.alloc(5, 0xc0)])
}
