// Rows as what an action returned: their dictionaries at once, because plain objects are packed in one walk. Those that
// are deeper in a value are seen to by the walk for values that are not plain.
import { Model } from './model.ts'

export function asSent(value: unknown): unknown {
  if (value instanceof Model) return value.toDict()
  if (!Array.isArray(value) || !(value[0] instanceof Model)) return value
  return value.map((item: unknown) => (item instanceof Model ? item.toDict() : item))
}
