// Any JSON value.
import { jsonFiles, jsonStores } from './as-json.ts'
import { isText } from './as-text.ts'
import type { Kind } from './kind.ts'

const maxDepth = 64

export const json: Kind = {
  expected: (value) => (isJson(value, 0) ? undefined : 'a JSON value'),
  isMutable: true,
  filters: { compares: 'nothing', contains: 'nothing' },
  stores: jsonStores,
  files: jsonFiles,
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string') return isText(value)
  if (typeof value !== 'object' || depth >= maxDepth) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.entries(value).every(([key, item]) => isText(key) && key !== '__proto__' && isJson(item, depth + 1))
}
