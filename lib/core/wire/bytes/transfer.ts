// Bytes that a program gives away instead of having them copied, with structuredClone's meaning: the ArrayBuffer that was
// given is detached. Leaves to owned-bytes.ts what becomes of them when they are sent.
import { ClientError } from '../../base/errors.ts'
import { describe } from '../../base/options.ts'
import { copyOfBytes, isArrayBuffer, sameOver, type Transferable } from './binary-brand.ts'

/** Memory that nobody but the holder of one value from `transfer` has. Weak, and asked of with the buffer alone. */
const givenAway = new WeakSet<object>()

/**
 * Gives bytes away, so that sending them copies nothing. isock copies byte arrays when it is given them, because what is
 * sent may wait, be resent or be kept. After `transfer` the given value is detached: its length is 0. Send what it returns,
 * once; sending detaches that in turn.
 *
 * Bytes that share their ArrayBuffer with others are copied instead and stay usable: small Buffers of Node's pool, views of
 * a part, a SharedArrayBuffer, resizable memory, WebAssembly's. It pays from about 256 KiB on.
 *
 * @returns A value of the same type with the same bytes.
 * @throws ClientError (`INVALID_USAGE`) for anything but bytes, and for bytes that were given away before.
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

/** Whether these are all the bytes of memory that `transfer` returned and that was not sent since. */
export function isGivenAway({ buffer, byteLength }: Uint8Array): boolean {
  return givenAway.has(buffer) && buffer.byteLength === byteLength
}

/** The memory of a buffer of so many bytes, which is detached; undefined, and nothing done, where others may have a part. */
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

/** Engines before 2024 do not tell. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
