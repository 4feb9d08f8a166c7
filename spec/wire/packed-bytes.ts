// Packed values from and to bytes, for the specs of the packed form.
import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { ValuePacker } from '../../lib/core/wire/packed/value-packer.ts'
import { ValueUnpacker } from '../../lib/core/wire/packed/value-unpacker.ts'
import { defaultValueLimits, type ValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { amongOthers, fromHex } from './frame-bytes.ts'

const packer = new ValuePacker(defaultValueLimits)
const unpacker = new ValueUnpacker(defaultValueLimits)

/** What the packer makes of a plain value. */
export function packed(value: unknown, limits?: Partial<ValueLimits>): Packed {
  const one = limits === undefined ? packer : new ValuePacker({ ...defaultValueLimits, ...limits })
  const result = one.pack(value)
  expect(result, 'it was not packed').to.be.instanceOf(Packed)
  return result as Packed
}

/** A copy of a packed value's bytes. */
export function bytesOf({ bytes, start, end }: Packed): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}

/** What the unpacker makes of bytes that lie among others, as in a receive buffer. */
export function unpacked(bytes: Uint8Array | string, limits?: Partial<ValueLimits>): unknown {
  const body = typeof bytes === 'string' ? fromHex(bytes) : bytes
  const one = limits === undefined ? unpacker : new ValueUnpacker({ ...defaultValueLimits, ...limits })
  return amongOthers(body, (around, start, end) => one.unpack(new Packed(around, start, end)))
}

/** Likewise, from an array that is no Buffer, as on a link in memory. */
export function unpackedBare(bytes: Uint8Array): unknown {
  return unpacker.unpack(new Packed(new Uint8Array(bytes), 0, bytes.length))
}

/** Fails unless the unpacker refuses the bytes, for this reason. */
export function refuses(bytes: Uint8Array | string, message: string | RegExp, limits?: Partial<ValueLimits>): void {
  expect(() => unpacked(bytes, limits))
    .to.throw(ServerError, message)
    .with.property('code', 'BAD_REQUEST')
}
