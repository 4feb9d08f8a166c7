// Finite numbers.
import type { Kind } from './kind.ts'

export const number: Kind<number> = {
  expected: (value) => (Number.isFinite(value) ? undefined : 'a finite number'),
  isMutable: false,
  filters: { compares: 'order', contains: 'nothing' },
  stores: {
    libsql: { column: 'double', plain: 'double' },
    postgresql: { column: 'double precision', plain: 'double' },
  },
  files: {
    toJson: (value) => value,
    fromJson: (value) => value,
    toCell: (value) => value,
    fromCell: (cell) => (cell.trim() === '' || Number.isNaN(Number(cell)) ? cell : Number(cell)),
  },
  nothing: () => 0,
  placeholder: () => 0,
}
