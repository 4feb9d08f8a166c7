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

/** What the reader makes of a body. It stands in the middle of other bytes, as in a receive buffer. */
export function readBody(body: Uint8Array): Frame {
  const around = Buffer.concat([Buffer.alloc(3, 0xc1), body, Buffer.alloc(5, 0xc0)])
  const end = 3 + body.length
  const reader = new MsgpackReader()
  if (isHandshakeBody(body)) return readHandshakeFrame(around, 3, end, reader)
  reader.open(around, 3, end, false)
  return readSessionFrame(reader)
}

/** `91 1c` and the like; spaces and line ends do not matter. */
export function fromHex(hex: string): Buffer {
  const digits = hex.replace(/\s+/g, '')
  if (!/^(?:[0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${hex}`)
  return Buffer.from(digits, 'hex')
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').replace(/..(?!$)/g, '$& ')
}

/** Puts a length before a body. */
export function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

function isHandshakeBody(body: Uint8Array): boolean {
  return (body[1] ?? firstSessionKind) < firstSessionKind
}
