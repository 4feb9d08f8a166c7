// Writes frames as bytes: one function for each shape in the table of frame.ts.

import { Packed } from '../bytes/packed.ts'
import type { Payload } from '../bytes/payload.ts'
import { type Frame, type HandshakeFrame, type HelloFrame, Kind } from './frame.ts'
import { encodeFree } from './free-msgpack.ts'
import { writeMetadata } from './metadata.ts'
import type { MsgpackWriter } from './msgpack-writer.ts'

/** Appends a frame; returns the length of its body. Throws, without appending anything, if credentials cannot be encoded as msgpack. */
export function writeFrame(writer: MsgpackWriter, frame: Frame): number {
  // Encoded before the frame begins: half a frame would corrupt all that follow.
  const handshake =
    frame.kind === Kind.Hello || frame.kind === Kind.Welcome ? encodeFree(handshakeArray(frame)) : undefined
  writer.beginFrame()
  switch (frame.kind) {
    case Kind.Call:
      writer.arrayHead(frame.metadata === undefined ? 7 : 8)
      writer.uint(Kind.Call)
      writer.uint(frame.seq)
      writer.uint(frame.ref)
      writer.uint(frame.attempt)
      writeOptionalUint(writer, frame.remainingMs)
      writer.uint(frame.inputs)
      if (frame.metadata !== undefined) writeMetadata(writer, frame.metadata)
      writePayload(writer, frame.data)
      break
    case Kind.Result:
      writer.arrayHead(4)
      writer.uint(Kind.Result)
      writer.uint(frame.seq)
      writer.uint(frame.items)
      writePayload(writer, frame.value)
      break
    case Kind.Failure:
      writer.arrayHead(5)
      writer.uint(Kind.Failure)
      writer.uint(frame.seq)
      writer.uint(frame.items)
      writer.uint(frame.notStarted ? 1 : 0)
      writePayload(writer, frame.error)
      break
    case Kind.Item:
    case Kind.Input:
      writer.arrayHead(frame.stream === undefined ? 4 : 5)
      writer.uint(frame.kind)
      writer.uint(frame.seq)
      writer.uint(frame.index)
      if (frame.stream !== undefined) writer.uint(frame.stream)
      writePayload(writer, frame.value)
      break
    case Kind.Credit:
    case Kind.InputCredit:
      writer.arrayHead(frame.stream === undefined ? 4 : 5)
      writer.uint(frame.kind)
      writer.uint(frame.seq)
      writer.uint(frame.received)
      writer.uint(frame.granted)
      if (frame.stream !== undefined) writer.uint(frame.stream)
      break
    case Kind.InputEnd:
      writer.arrayHead(frame.stream === undefined ? 3 : 4)
      writer.uint(Kind.InputEnd)
      writer.uint(frame.seq)
      writer.uint(frame.items)
      if (frame.stream !== undefined) writer.uint(frame.stream)
      break
    case Kind.Name:
      writer.arrayHead(4)
      writer.uint(Kind.Name)
      writer.uint(frame.ref)
      writer.text(frame.name)
      if (frame.contract === undefined) writer.nil()
      else writer.text(frame.contract)
      break
    case Kind.Cancel:
      writer.arrayHead(3)
      writer.uint(Kind.Cancel)
      writer.uint(frame.seq)
      writer.uint(frame.reason)
      break
    case Kind.Ack:
      writer.arrayHead(2)
      writer.uint(Kind.Ack)
      writer.reserve(frame.seqs.length * 9 + 16)
      writer.arrayHead(frame.seqs.length)
      for (const seq of frame.seqs) writer.uint(seq)
      break
    case Kind.Refused:
      writer.arrayHead(2)
      writer.uint(Kind.Refused)
      writePayload(writer, frame.error)
      break
    case Kind.Hello:
    case Kind.Welcome:
      writer.raw(handshake as Uint8Array)
      break
    case Kind.Bye:
      writer.arrayHead(frame.error === undefined ? 2 : 3)
      writer.uint(Kind.Bye)
      writer.uint(frame.isClean ? 1 : 0)
      if (frame.error !== undefined) writePayload(writer, frame.error)
      break
    default:
      writer.arrayHead(1)
      writer.uint(frame.kind)
  }
  return writer.endFrame()
}

/** The length of a HELLO's body, which must stay within `maxHandshakeBytes`. */
export function helloSize(hello: HelloFrame): number {
  return encodeFree(handshakeArray(hello)).length
}

function handshakeArray(frame: Exclude<HandshakeFrame, { kind: typeof Kind.Refused }>): unknown[] {
  const { maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes } = frame.limits
  const limits = [maxFrameBytes, maxCallsInFlight, streamWindowBytes, maxInFlightBytes]
  if (frame.kind === Kind.Welcome) {
    return [frame.kind, frame.version, frame.features, frame.sessionId, frame.resumeSecret, frame.resumed, limits]
  }
  return [
    frame.kind,
    frame.version,
    frame.features,
    frame.sessionId ?? null,
    frame.resumeSecret ?? null,
    frame.name ?? null,
    limits,
    frame.credentials,
  ]
}

function writeOptionalUint(writer: MsgpackWriter, value: number | undefined): void {
  if (value === undefined) writer.nil()
  else writer.uint(value)
}

/** nil: no value; array [value]: a plain one; str: JSON text; bin: bytes; array [json, meta, bin...]: a rich value. */
export function writePayload(writer: MsgpackWriter, payload: Payload): void {
  if (payload === undefined) writer.nil()
  else if (payload instanceof Packed) writer.packed(payload)
  else if (typeof payload === 'string') writer.text(payload)
  else if (payload instanceof Uint8Array) writer.bytes(payload)
  else {
    writer.arrayHead(2 + payload.bytes.length)
    writer.text(payload.json)
    writer.text(payload.meta)
    for (const bytes of payload.bytes) writer.bytes(bytes)
  }
}
