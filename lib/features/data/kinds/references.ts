// The pks of rows of another model, or of the same one, in their order. The store keeps a list, without checking the rows.
import { jsonFiles, jsonStores } from './as-json.ts'
import type { Kind } from './kind.ts'
import { isPk } from './reference.ts'

/** The longest list. */
const maxReferences = 10_000

export const references: Kind = {
  expected(value) {
    if (!Array.isArray(value) || !value.every(isPk)) return 'a list of rows or their pks'
    return value.length > maxReferences ? `at most ${maxReferences} references` : undefined
  },
  isMutable: true,
  refers: 'to many',
  filters: { compares: 'nothing', contains: 'items' },
  stores: jsonStores,
  files: jsonFiles,
}
