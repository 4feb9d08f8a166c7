// Buffers, typed arrays and similar types to bytes and back. On the wire, numbers of more than one byte are little-endian,
// as on almost every machine; big-endian machines swap them.

import { spentReason } from '../bytes/owned-bytes.ts'
import { isDetached } from '../bytes/transfer.ts'
import { badRequest } from '../values/bad-request.ts'

/** Only a typed array's own part of its buffer is sent. */
interface BinaryKind {
  readonly name: string
  readonly prototype: object
  /** Bytes of one number. A revived array must begin at a multiple of it, and its byte length must be one. */
  readonly unit: number
  revive(bytes: Uint8Array): unknown
}

type TypedArrayClass = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView
  readonly prototype: object
  readonly BYTES_PER_ELEMENT: number
}

/** Absent from older engines. */
const optionalGlobals = globalThis as {
  readonly Buffer?: {
    from(buffer: ArrayBufferLike, byteOffset: number, length: number): Uint8Array
    readonly prototype: object
  }
  readonly Float16Array?: TypedArrayClass
}

const isBigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0

/** All binary types that can be sent, by their names on the wire. */
export class BinaryValues {
  readonly #byName = new Map<string, BinaryKind>()
  readonly #byPrototype = new Map<object, BinaryKind>()

  constructor() {
    for (const [name, Class] of typedArrayClasses) if (Class) this.#add(typedArrayKind(name, Class))
    const { Buffer } = optionalGlobals
    // Accepted even without Buffer: it is a Uint8Array with more methods.
    if (!Buffer) this.#byName.set('Buffer', typedArrayKind('Buffer', Uint8Array))
    else {
      const revive = (bytes: Uint8Array): unknown => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      this.#add({ name: 'Buffer', prototype: Buffer.prototype, unit: 1, revive })
    }
    this.#add({ name: 'ArrayBuffer', prototype: ArrayBuffer.prototype, unit: 1, revive: ownBuffer })
    this.#add({
      name: 'DataView',
      prototype: DataView.prototype,
      unit: 1,
      revive: (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    })
  }

  /** The kind of objects with this prototype. */
  kindOf(prototype: object): BinaryKind | undefined {
    return this.#byPrototype.get(prototype)
  }

  /** Why these bytes cannot become a value of the kind with this name, or undefined. */
  fault(name: string, bytes: Uint8Array): string | undefined {
    const kind = this.#byName.get(name)
    if (!kind) return 'a type of bytes that is not known here'
    return bytes.byteLength % kind.unit === 0 ? undefined : `${bytes.byteLength} bytes for a ${name}`
  }

  /** A value of the kind with this name over these bytes, which it then owns. */
  revive(name: string, bytes: Uint8Array): unknown {
    const kind = this.#byName.get(name)
    if (!kind) throw badRequest('a type of bytes that is not known here')
    return kind.revive(bytes)
  }

  #add(kind: BinaryKind): void {
    this.#byName.set(kind.name, kind)
    this.#byPrototype.set(kind.prototype, kind)
  }
}

const typedArrayClasses: readonly (readonly [string, TypedArrayClass | undefined])[] = [
  ['Uint8Array', Uint8Array],
  ['Uint8ClampedArray', Uint8ClampedArray],
  ['Int8Array', Int8Array],
  ['Uint16Array', Uint16Array],
  ['Int16Array', Int16Array],
  ['Uint32Array', Uint32Array],
  ['Int32Array', Int32Array],
  ['BigUint64Array', BigUint64Array],
  ['BigInt64Array', BigInt64Array],
  ['Float16Array', optionalGlobals.Float16Array],
  ['Float32Array', Float32Array],
  ['Float64Array', Float64Array],
]

/**
 * The bytes of a binary value in wire order: a view, or a copy if the byte order differs.
 *
 * @throws TypeError for an object that only has the prototype of a binary type, and for detached memory.
 */
export function bytesOf(value: object, kind: { readonly unit: number }): Uint8Array {
  if (isDetached(ArrayBuffer.isView(value) ? value.buffer : (value as ArrayBuffer))) throw new TypeError(spentReason)
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value as ArrayBuffer, 0, bufferLength.call(value as ArrayBuffer))
  return isBigEndian && kind.unit > 1 ? swapped(bytes, kind.unit) : bytes
}

const bufferLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as (
  this: ArrayBuffer,
) => number

/** A copy with the bytes of each number in the opposite order. */
export function swapped(bytes: Uint8Array, unit: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  for (let i = 0; i + unit <= copy.length; i += unit) copy.subarray(i, i + unit).reverse()
  return copy
}

function typedArrayKind(name: string, Class: TypedArrayClass): BinaryKind {
  const unit = Class.BYTES_PER_ELEMENT
  return {
    name,
    prototype: Class.prototype,
    unit,
    revive(bytes) {
      const native = isBigEndian && unit > 1 ? swapped(bytes, unit) : bytes
      const aligned = native.byteOffset % unit === 0 ? native : new Uint8Array(native)
      return new Class(aligned.buffer, aligned.byteOffset, aligned.byteLength / unit)
    },
  }
}

/** An ArrayBuffer with only these bytes. */
function ownBuffer(bytes: Uint8Array): ArrayBufferLike {
  const isWhole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  return isWhole && bytes.buffer instanceof ArrayBuffer ? bytes.buffer : new Uint8Array(bytes).buffer
}

/** A plain Uint8Array. A Buffer is not one: it arrives as a Buffer, so it is not sent as bare bytes. */
export function isBareBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.getPrototypeOf(value) === Uint8Array.prototype
}
