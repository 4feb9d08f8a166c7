// Msgpack of any shape in browsers, where every kilobyte counts: uses the packer and unpacker of values.
import { ClientError } from '../../base/errors.ts'
import { Packed } from '../bytes/packed.ts'
import { defaultValueLimits } from '../values/value-limits.ts'
import { ValuePacker } from './value-packer.ts'
import { ValueUnpacker } from './value-unpacker.ts'

export function encodeFree(value: unknown): Uint8Array {
  const packed = new ValuePacker(defaultValueLimits).pack(withoutUndefined(value))
  if (packed === undefined) {
    const message =
      'option credentials: expected texts, numbers, booleans, null, small byte arrays, and arrays and objects of them'
    throw new ClientError(message, { code: 'INVALID_OPTION' })
  }
  return packed.bytes.slice(packed.start, packed.end)
}

/** Decodes one value from `start` to `end`. The unpacker checks everything that it reads. */
export function decodeFree(bytes: Uint8Array, start: number, end: number): unknown {
  return new ValueUnpacker(defaultValueLimits).unpack(new Packed(bytes.slice(start, end), 0, end - start))
}

/** Replaces undefined with null, as @msgpack/msgpack does: an option that was omitted must not keep a client out. */
function withoutUndefined(value: unknown): unknown {
  if (value === undefined) return null
  if (Array.isArray(value)) return value.map(withoutUndefined)
  const prototype: unknown = Object.getPrototypeOf(value ?? 0)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value as object).map(([key, inside]) => [key, withoutUndefined(inside)]))
}
