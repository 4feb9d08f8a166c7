// Msgpack of free shape where every kilobyte is loaded: by the packer and unpacker that are there for values anyway.
import { ClientError } from '../../base/errors.ts'
import { Packed } from '../bytes/packed.ts'
import { defaultValueLimits } from '../values/value-limits.ts'
import { ValuePacker } from './value-packer.ts'
import { ValueUnpacker } from './value-unpacker.ts'

export function encodeFree(value: unknown): Uint8Array {
  const packed = new ValuePacker(defaultValueLimits).pack(withoutUndefined(value))
  if (packed === undefined) {
    const message =
      'option credentials: only texts, numbers, booleans, null, small byte arrays, and arrays and objects of them travel'
    throw new ClientError(message, { code: 'INVALID_OPTION' })
  }
  return packed.bytes.slice(packed.start, packed.end)
}

/** One value from `start` to `end`; the unpacker checks all that it reads. */
export function decodeFree(bytes: Uint8Array, start: number, end: number): unknown {
  return new ValueUnpacker(defaultValueLimits).unpack(new Packed(bytes.slice(start, end), 0, end - start))
}

/** In its place stands null, as @msgpack/msgpack has it: an option that was not given must not keep a client out. */
function withoutUndefined(value: unknown): unknown {
  if (value === undefined) return null
  if (Array.isArray(value)) return value.map(withoutUndefined)
  const prototype: unknown = Object.getPrototypeOf(value ?? 0)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value as object).map(([key, inside]) => [key, withoutUndefined(inside)]))
}
