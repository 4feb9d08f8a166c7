// The limit: bytes of the value's size, there and back over a plain socket; nobody looks at them.
import type { Contender } from '../contender.ts'
import { type Bodies, connectEcho, serveEcho } from './framed-echo.ts'

const encoded = new WeakMap<object, Uint8Array>()

/** Bytes of the value's size, made once. */
function fixedBytes(value: object): Uint8Array {
  if (value instanceof Uint8Array) return value
  const known = encoded.get(value)
  if (known !== undefined) return known
  const bytes = Buffer.from(JSON.stringify(value))
  encoded.set(value, bytes)
  return bytes
}

const bodies: Bodies<object> = {
  read: (bytes, start, end) => bytes.subarray(start, end),
  write: (writer, seq, value) => writer.sendBytes(seq, fixedBytes(value)),
}

export const contender: Contender = {
  serve: () => serveEcho(bodies),
  connect: (port) => connectEcho(port, bodies),
}
