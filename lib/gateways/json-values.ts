// Values as plain JSON, for clients that know no other types. Defines once for all gateways how each of isock's types is
// written. One-way: the text does not show the original type.
import { UnsendableError } from '../core/base/errors.ts'
import { defineField } from '../core/wire/values/own-fields.ts'
import { defaultValueLimits } from '../core/wire/values/value-limits.ts'

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/**
 * The value as plain JSON. Undefined, functions and symbols become undefined at the root and in objects, null in lists.
 *
 * | value | JSON |
 * |---|---|
 * | Date | ISO 8601 text; null for an invalid date |
 * | bigint | its digits, as text |
 * | NaN, Infinity | null |
 * | Map | an object if all keys are strings, else a list of pairs |
 * | Set | a list |
 * | bytes (Uint8Array, Buffer, ArrayBuffer, DataView) | base64 text |
 * | other typed arrays | a list of numbers |
 * | URL, RegExp | its text |
 * | errors | `{ name, message, code? }` and own fields, without stack and cause |
 * | objects with `toJSON` | what it returns |
 *
 * @param label names the value in error messages: `result`, `item`.
 * @throws UnsendableError for a value that is too deep, too large or contains itself.
 * @example toJsonValue({ at: new Date(0), tags: new Set(['a']) }) // { at: '1970-01-01T00:00:00.000Z', tags: ['a'] }
 */
export function toJsonValue(value: unknown, label = 'value'): JsonValue | undefined {
  return new JsonWalk(label).copy(value, 0)
}

/** The value as JSON text; 'null' for undefined. Throws UnsendableError. */
export function toJsonText(value: unknown, label = 'value'): string {
  return JSON.stringify(toJsonValue(value, label) ?? null)
}

/** A view of the bytes, without a copy; undefined for values that are not bytes, such as lists of larger numbers. */
export function bytesIn(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value)
  if (!ArrayBuffer.isView(value)) return undefined
  const isOfBytes =
    value instanceof DataView || (value as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT === 1
  return isOfBytes ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined
}

/** Own enumerable fields of an error that are sent under another name, or not at all. */
const fieldsOfErrors: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'notStarted', 'toJSON'])

class JsonWalk {
  readonly #label: string
  readonly #ancestors = new Set<object>()
  #nodes = 0

  constructor(label: string) {
    this.#label = label
  }

  copy(value: unknown, depth: number): JsonValue | undefined {
    if (++this.#nodes > defaultValueLimits.maxNodes)
      throw this.#unsendable(`it has more than ${defaultValueLimits.maxNodes} values`)
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        return Number.isFinite(value) ? value : null
      case 'bigint':
        return String(value)
      case 'object':
        return value === null ? null : this.#copyObject(value, depth)
      default:
        return undefined
    }
  }

  #copyObject(value: object, depth: number): JsonValue | undefined {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof URL || value instanceof RegExp) return String(value)
    const bytes = bytesIn(value)
    if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    if (depth >= maxDepth) throw this.#unsendable(`it is nested more than ${maxDepth} deep`)
    if (this.#ancestors.has(value)) throw this.#unsendable('it contains itself')
    this.#ancestors.add(value)
    try {
      return this.#copyContainer(value, depth + 1)
    } finally {
      this.#ancestors.delete(value)
    }
  }

  #copyContainer(value: object, depth: number): JsonValue | undefined {
    const { toJSON } = value as { readonly toJSON?: unknown }
    if (typeof toJSON === 'function') return this.copy(toJSON.call(value, ''), depth)
    if (Array.isArray(value)) return this.#list(value, depth)
    if (ArrayBuffer.isView(value)) return this.#list(value as unknown as Iterable<unknown>, depth)
    if (value instanceof Set) return this.#list(value, depth)
    if (value instanceof Map) return this.#map(value, depth)
    if (value instanceof Error) return this.#error(value, depth)
    return this.#fields({}, value, depth)
  }

  #list(items: Iterable<unknown>, depth: number): JsonValue[] {
    const list: JsonValue[] = []
    for (const item of items) list.push(this.copy(item, depth) ?? null)
    return list
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): JsonValue {
    const hasTextKeys = [...map.keys()].every((key) => typeof key === 'string')
    if (!hasTextKeys) return this.#list(map, depth)
    const copy: Record<string, JsonValue> = {}
    for (const [key, value] of map) this.#set(copy, key as string, value, depth)
    return copy
  }

  #error(error: Error, depth: number): JsonValue {
    const copy: Record<string, JsonValue> = { name: String(error.name), message: String(error.message) }
    return this.#fields(copy, error, depth, fieldsOfErrors)
  }

  #fields(copy: Record<string, JsonValue>, from: object, depth: number, without?: ReadonlySet<string>): JsonValue {
    for (const key of Object.keys(from)) {
      if (without?.has(key) !== true) this.#set(copy, key, (from as Record<string, unknown>)[key], depth)
    }
    return copy
  }

  /** Any key is data, `__proto__` included. */
  #set(copy: Record<string, JsonValue>, key: string, value: unknown, depth: number): void {
    const copied = this.copy(value, depth)
    if (copied !== undefined) defineField(copy, key, copied)
  }

  #unsendable(reason: string): UnsendableError {
    return new UnsendableError(this.#label, reason)
  }
}

/** Deeper than any received value, so only a program's own values can reach it. */
const maxDepth = 2 * defaultValueLimits.maxDepth
