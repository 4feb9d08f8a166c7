// Sets of values of one kind. Stores and files keep the items as a sorted list, so that equal sets have the same text, and
// another order is not a change.
import { jsonFiles, jsonStores } from './as-json.ts'
import { areItems } from './items.ts'
import type { EncodedForm, Kind } from './kind.ts'
import { sortedItems } from './set-items.ts'

type Items = ReadonlySet<unknown>

export const set: Kind<Items> = {
  expected: (value, { items = 'text' }) =>
    (value instanceof Set || Array.isArray(value)) && areItems([...value], items) ? undefined : `a Set of ${items}`,
  kept: (value) => (Array.isArray(value) ? new Set(value) : (value as Items)),
  isMutable: true,
  filters: { compares: 'equality', contains: 'items' },
  stores: { libsql: asList(jsonStores.libsql), postgresql: asList(jsonStores.postgresql) },
  files: {
    ...jsonFiles,
    toJson: sortedItems,
    toCell: (value) => jsonFiles.toCell(sortedItems(value)),
  },
  nothing: () => new Set(),
}

function asList(form: EncodedForm<unknown>): EncodedForm<Items> {
  return {
    ...form,
    encode: (value: unknown) => form.encode(value instanceof Set || Array.isArray(value) ? sortedItems(value) : value),
    decode(stored) {
      const items = form.decode(stored)
      return Array.isArray(items) ? new Set(items) : (items as Items)
    },
  }
}
