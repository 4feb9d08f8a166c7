// Bytes that a program hands over instead of having them copied, with structuredClone's semantics: the ArrayBuffer that was
// passed is detached. Leaves sending them to owned-bytes.ts.
import { ClientError } from '../../base/errors.ts'
import { describe } from '../../base/options.ts'
import { copyOfBytes, isArrayBuffer, sameOver, type Transferable } from './binary-brand.ts'

/** Memory that only the value returned by `transfer` refers to. Weak, and looked up by buffer. */
const givenAway = new WeakSet<object>()

/**
 * Hands over bytes, so that sending them copies nothing. isock otherwise copies byte arrays when they are passed, because
 * sent data may wait, be resent or be kept. After `transfer` the value that was passed is detached: its length is 0. Send the
 * returned value, once; sending detaches it in turn.
 *
 * Bytes that share their ArrayBuffer with others are copied instead and stay usable: small Buffers from Node's pool, views of
 * a part, a SharedArrayBuffer, resizable memory, WebAssembly memory. Worthwhile from about 256 KiB.
 *
 * @returns A value of the same type with the same bytes.
 * @throws ClientError (`INVALID_USAGE`) for anything but bytes, and for bytes that have already been transferred.
 * @example
 * await client.runAction(Upload, transfer(await readFile('picture.png')))
 * // In an action:
 * return { name: 'picture.png', file: transfer(bytes) }
 */
export function transfer<T extends Transferable>(bytes: T): T {
  if (!ArrayBuffer.isView(bytes) && !isArrayBuffer(bytes)) {
    const message = `transfer() takes a typed array, a Buffer, a DataView or an ArrayBuffer, got ${describe(bytes)}`
    throw new ClientError(message)
  }
  const buffer = ArrayBuffer.isView(bytes) ? bytes.buffer : bytes
  if (isDetached(buffer))
    throw new ClientError('transfer(): these bytes were given away before; their memory is detached')
  const memory = takeMemory(buffer, bytes.byteLength)
  const own = memory === undefined ? copyOfBytes(bytes) : sameOver(memory, bytes)
  givenAway.add(ArrayBuffer.isView(own) ? own.buffer : own)
  return own
}

/** Whether these are all the bytes of memory that `transfer` returned and that has not been sent since. */
export function isGivenAway({ buffer, byteLength }: Uint8Array): boolean {
  return givenAway.has(buffer) && buffer.byteLength === byteLength
}

/** Detaches a buffer of this length and returns its memory. Returns undefined and does nothing if other code may use a part of it. */
export function takeMemory(buffer: ArrayBufferLike, byteLength: number): ArrayBuffer | undefined {
  if (buffer.byteLength !== byteLength || !isArrayBuffer(buffer)) return undefined
  const given = buffer as ArrayBuffer & { readonly resizable?: boolean; transfer?(): ArrayBuffer }
  if (given.resizable) return undefined
  try {
    return given.transfer?.() ?? structuredClone(given, { transfer: [given] })
  } catch {
    return undefined // WebAssembly's memory
  }
}

/** Engines before 2024 have no `detached`. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
