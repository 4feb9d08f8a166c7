// The types of binary values, read from their internal slots: this works across realms, and cannot be faked by an object
// that only looks like one.

const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined

const bufferLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as (
  this: unknown,
) => number

/** Bytes that can be sent, and that {@link transfer} accepts: any typed array, a Buffer, a DataView, an ArrayBuffer. */
export type Transferable = ArrayBufferView | ArrayBuffer

/** False for a SharedArrayBuffer. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  try {
    return bufferLength.call(value) >= 0
  } catch {
    return false
  }
}

/** A value of the same type over memory that holds only its bytes. */
export function sameOver<T extends Transferable>(memory: ArrayBuffer, bytes: T): T {
  if (!ArrayBuffer.isView(bytes)) return memory as T
  const classes = globalThis as unknown as Record<string, new (memory: ArrayBuffer) => object>
  const Class = classes[typedArrayTag.call(bytes) ?? 'DataView'] as new (memory: ArrayBuffer) => object
  const made = new Class(memory)
  const prototype = Object.getPrototypeOf(bytes) as object
  // A Buffer is a Uint8Array with another prototype.
  return (Object.getPrototypeOf(made) === prototype ? made : Object.setPrototypeOf(made, prototype)) as T
}

/** A copy of the same type, of only the bytes in view. */
export function copyOfBytes<T extends Transferable>(bytes: T): T {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes as ArrayBuffer)
  return sameOver(new Uint8Array(view).buffer, bytes)
}
