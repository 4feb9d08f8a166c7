// Rows in the result of an action are replaced by their dictionaries, because plain objects are packed in one walk. Rows
// deeper in a value are left to the walk for values that are not plain.
import { isRow } from './model.ts'

export function asSent(value: unknown): unknown {
  if (isRow(value)) return value.toDict()
  if (!Array.isArray(value) || !isRow(value[0])) return value
  return value.map((item: unknown) => (isRow(item) ? item.toDict() : item))
}
