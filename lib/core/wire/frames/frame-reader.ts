// Reads bytes into frames. Checks each shape of the table in frame.ts while reading, including item counts and trailing
// bytes. Never parses a payload.
import { ProtocolError } from '../../base/errors.ts'
import type { Payload } from '../bytes/payload.ts'
import {
  type CancelReason,
  type Frame,
  Kind,
  maxAcksPerFrame,
  maxByteArrays,
  maxInputs,
  maxNameBytes,
  type SessionFrame,
} from './frame.ts'
import { readWelcome } from './handshake-reader.ts'
import { readHello } from './hello-reader.ts'
import { readMetadata } from './metadata.ts'
import type { MsgpackReader } from './msgpack-reader.ts'

/** Reads a whole body at which the reader was opened. Throws ProtocolError. */
export function readSessionFrame(reader: MsgpackReader): SessionFrame {
  const count = reader.arrayHead()
  const kind = reader.uint()
  const frame = readKind(reader, kind, count)
  if (!reader.isAtEnd) throw new ProtocolError(`bytes after the frame of kind ${kind}`)
  return frame
}

/** Reads the first frame of a link: HELLO at the server, WELCOME or REFUSED at the client. Throws ProtocolError. */
export function readHandshakeFrame(bytes: Uint8Array, start: number, end: number, reader: MsgpackReader): Frame {
  reader.open(bytes, start, end, false)
  const count = reader.arrayHead()
  const kind = reader.uint()
  if (kind === Kind.Hello) return readHello(bytes, start, end)
  if (kind === Kind.Welcome) return readWelcome(bytes, start, end)
  if (kind !== Kind.Refused) throw new ProtocolError(`a frame of kind ${kind} before the handshake`)
  expectCount(kind, count, 2)
  const frame: Frame = { kind: Kind.Refused, error: readPayload(reader) }
  if (!reader.isAtEnd) throw new ProtocolError('bytes after REFUSED')
  return frame
}

function readKind(reader: MsgpackReader, kind: number, count: number): SessionFrame {
  switch (kind) {
    case Kind.Call:
      if (count !== 8) expectCount(kind, count, 7)
      return {
        kind,
        seq: reader.uint(),
        ref: reader.uint(),
        attempt: reader.uint(),
        remainingMs: reader.takeNil() ? undefined : reader.uint(),
        inputs: readInputs(reader),
        metadata: count === 8 ? readMetadata(reader) : undefined,
        data: readPayload(reader),
      }
    case Kind.Result:
      expectCount(kind, count, 4)
      return { kind, seq: reader.uint(), items: reader.uint(), value: readPayload(reader) }
    case Kind.Failure:
      expectCount(kind, count, 5)
      return {
        kind,
        seq: reader.uint(),
        items: reader.uint(),
        notStarted: readFlag(reader),
        error: readPayload(reader),
      }
    case Kind.Item:
    case Kind.Input: {
      if (kind === Kind.Item || count !== 5) expectCount(kind, count, 4)
      const seq = reader.uint()
      const index = reader.uint()
      if (count === 4) return { kind, seq, index, value: readPayload(reader) }
      return { kind, seq, index, stream: readStream(reader), value: readPayload(reader) }
    }
    case Kind.Credit:
    case Kind.InputCredit: {
      if (kind === Kind.Credit || count !== 5) expectCount(kind, count, 4)
      const frame = { kind, seq: reader.uint(), received: reader.uint(), granted: reader.uint() }
      return count === 5 ? { ...frame, stream: readStream(reader) } : frame
    }
    case Kind.InputEnd: {
      if (count !== 4) expectCount(kind, count, 3)
      const frame = { kind, seq: reader.uint(), items: reader.uint() }
      return count === 4 ? { ...frame, stream: readStream(reader) } : frame
    }
    case Kind.Name:
      expectCount(kind, count, 4)
      return {
        kind,
        ref: reader.uint(),
        name: reader.text(maxNameBytes),
        contract: reader.takeNil() ? undefined : reader.text(maxNameBytes),
      }
    case Kind.Cancel:
      expectCount(kind, count, 3)
      return { kind, seq: reader.uint(), reason: readFlag(reader) ? 1 : (0 satisfies CancelReason) }
    case Kind.Ack:
      expectCount(kind, count, 2)
      return { kind, seqs: readAcks(reader) }
    case Kind.Drain:
    case Kind.Ping:
    case Kind.Pong:
      expectCount(kind, count, 1)
      return { kind }
    case Kind.Bye:
      if (count !== 3) expectCount(kind, count, 2)
      return { kind, isClean: readFlag(reader), error: count === 3 ? readPayload(reader) : undefined }
    default:
      throw new ProtocolError(`a frame of unknown kind ${kind}`)
  }
}

function readAcks(reader: MsgpackReader): number[] {
  const count = reader.arrayHead()
  if (count > maxAcksPerFrame) throw new ProtocolError(`${count} acknowledgements in one frame`)
  const seqs: number[] = []
  for (let i = 0; i < count; i++) seqs.push(reader.uint())
  return seqs
}

export function readPayload(reader: MsgpackReader): Payload {
  switch (reader.peekType()) {
    case 'nil':
      reader.takeNil()
      return undefined
    case 'text':
      return reader.text()
    case 'bytes':
      return reader.bytes()
    case 'array': {
      const count = reader.arrayHead()
      // The value's reader checks that it is exactly one value: a fault there concerns one call, not the link.
      if (count === 1) return reader.rest()
      if (count < 2) throw new ProtocolError(`a rich value of ${count} parts`)
      if (count - 2 > maxByteArrays) throw new ProtocolError(`a rich value with ${count - 2} byte arrays`)
      const json = reader.text()
      const meta = reader.text()
      const bytes: Uint8Array[] = []
      for (let i = 2; i < count; i++) bytes.push(reader.bytes())
      return { json, meta, bytes }
    }
    default:
      throw new ProtocolError('a payload that is neither nil, text, bytes nor array')
  }
}

function readInputs(reader: MsgpackReader): number {
  const count = reader.uint()
  if (count > maxInputs)
    throw new ProtocolError(`a call with ${count} input streams, at most ${maxInputs} are accepted`)
  return count
}

/** Stream 0, the first, is omitted on the wire. */
function readStream(reader: MsgpackReader): number {
  const stream = reader.uint()
  if (stream === 0 || stream >= maxInputs) throw new ProtocolError(`an input stream of number ${stream}`)
  return stream
}

function readFlag(reader: MsgpackReader): boolean {
  const value = reader.uint()
  if (value > 1) throw new ProtocolError(`a flag of ${value}`)
  return value === 1
}

function expectCount(kind: number, count: number, expected: number): void {
  if (count !== expected) throw new ProtocolError(`a frame of kind ${kind} with ${count} items, ${expected} expected`)
}
