// True or false.
import type { Kind } from './kind.ts'

export const boolean: Kind<boolean> = {
  expected: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  isMutable: false,
  filters: { compares: 'order', contains: 'nothing' },
  stores: {
    libsql: { column: 'integer', plain: 'boolean' },
    postgresql: { column: 'boolean', plain: 'boolean' },
  },
  files: {
    toJson: (value) => value,
    fromJson: (value) => value,
    toCell: (value) => String(value),
    fromCell: (cell) => (/^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : cell),
  },
  nothing: () => false,
  placeholder: () => false,
}
