// Serializes values for foreign clients: as plain JSON, or as superjson's `{ json, meta }` in the library's own form.
import { SuperJSON } from 'superjson'
import { UnsendableError } from '../../core/base/errors.ts'
import { bytesIn, toJsonText } from '../json-values.ts'
import type { ValueFormat } from './accept.ts'

/**
 * Serializes a value as JSON in this format.
 *
 * @throws UnsendableError
 */
export function valueText(value: unknown, format: ValueFormat, label: string): string {
  if (format === 'plain') return toJsonText(value, label)
  try {
    const { json, meta } = new SuperJSON({ dedupe: false }).serialize(knownToAll(value))
    return JSON.stringify(meta === undefined ? { json: json ?? null } : { json, meta })
  } catch (error) {
    throw new UnsendableError(label, 'it cannot be written as superjson', { cause: error })
  }
}

/**
 * The library writes a Buffer as a type that no reader knows, and bytes as one that every reader knows. It walks other objects
 * itself.
 */
function knownToAll(value: unknown): unknown {
  const bytes = bytesIn(value)
  if (bytes !== undefined) return bytes
  if (Array.isArray(value)) return value.map(knownToAll)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [knownToAll(key), knownToAll(item)]))
  if (value instanceof Set) return new Set([...value].map(knownToAll))
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, knownToAll(item)]))
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
