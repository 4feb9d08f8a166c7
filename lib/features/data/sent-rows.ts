// Rows as what an action returned: their dictionaries at once, because plain objects are packed in one walk. Those that
// are deeper in a value are seen to by the walk for values that are not plain.
import { isRow } from './model.ts'

export function asSent(value: unknown): unknown {
  if (isRow(value)) return value.toDict()
  if (!Array.isArray(value) || !isRow(value[0])) return value
  return value.map((item: unknown) => (isRow(item) ? item.toDict() : item))
}
