// Msgpack of free shape, which stands in the handshake alone: credentials are any plain values. What comes in is scanned
// before it is decoded. The bundle for browsers has browser-msgpack.ts in its place.
import { decode, encode } from '@msgpack/msgpack'
import { scanMsgpack } from './scanner.ts'

export function encodeFree(value: unknown): Uint8Array {
  return encode(value)
}

/** One value from `start` to `end`. @throws ProtocolError, or any error, for what is none. */
export function decodeFree(bytes: Uint8Array, start: number, end: number): unknown {
  scanMsgpack(bytes, start, end)
  // A copy, so that byte arrays in it do not hold on to the receive buffer.
  return decode(new Uint8Array(bytes.subarray(start, end)))
}
