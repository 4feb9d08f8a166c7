// Lists of values of one kind.
import { jsonFiles, jsonStores } from './as-json.ts'
import { areItems } from './items.ts'
import type { Kind } from './kind.ts'

export const list: Kind = {
  expected: (value, { items = 'json' }) =>
    Array.isArray(value) && areItems(value, items) ? undefined : `a list of ${items}`,
  isMutable: true,
  filters: { compares: 'nothing', contains: 'items' },
  stores: jsonStores,
  files: jsonFiles,
  nothing: () => [],
}
