// Msgpack of any shape, which only the handshake contains: credentials are arbitrary plain values. Incoming msgpack is
// scanned before it is decoded. The bundle for browsers has browser-msgpack.ts instead.
import { decode, encode } from '@msgpack/msgpack'
import { scanMsgpack } from './scanner.ts'

export function encodeFree(value: unknown): Uint8Array {
  return encode(value)
}

/** Decodes one value from `start` to `end`. @throws ProtocolError, or any error, for invalid msgpack. */
export function decodeFree(bytes: Uint8Array, start: number, end: number): unknown {
  scanMsgpack(bytes, start, end)
  // A copy, so that its byte arrays do not retain the receive buffer.
  return decode(new Uint8Array(bytes.subarray(start, end)))
}
