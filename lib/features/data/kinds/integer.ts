// Whole numbers that JavaScript represents exactly.
import type { Kind } from './kind.ts'

const wholeNumber = /^-?\d+$/

export const integer: Kind<number> = {
  expected: (value) => (Number.isSafeInteger(value) ? undefined : 'a whole number'),
  isMutable: false,
  filters: { compares: 'order', contains: 'nothing' },
  stores: {
    // libsql's whole numbers have 64 bits, whatever the type is called.
    libsql: { column: 'int', plain: 'int' },
    // As plain numbers: MikroORM's own type would make 64-bit values BigInts, and the driver texts.
    postgresql: {
      column: 'bigint',
      encode: (value) => value,
      decode: (value) => value as number,
      encodedAs: 'number',
      isReadAsEncoded: true,
      driver: { type: 20, parse: Number },
    },
  },
  files: {
    toJson: (value) => value,
    fromJson: (value) => value,
    toCell: (value) => value,
    fromCell: (cell) => (wholeNumber.test(cell) ? Number(cell) : cell),
  },
  nothing: () => 0,
  placeholder: () => 0,
}
