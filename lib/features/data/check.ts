// Whether a value fits its field. What every store can keep, and gives back as it was, passes; all else is refused here,
// before the store sees it.

import { describe } from '../../core/base/options.ts'
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec, ItemKind } from './field.ts'

/** Where a value is, for the error. */
export interface ValuePlace {
  readonly model: string
  readonly field: string
  readonly row?: number
}

const maxJsonDepth = 64
/** Of one list. */
const maxReferences = 10_000
/** Of a reference. */
export const maxPkLength = 200

/** The value as it is to be kept. @throws InvalidDataError that names the field, and never the value of a secret one. */
export function checkValue(value: unknown, spec: FieldSpec, place: ValuePlace): unknown {
  if (value === null) {
    if (spec.isOptional) return null
    throw refusal(place, 'cannot be null; declare it with { optional: true } where it may be', undefined)
  }
  const fault = faultIn(value, spec)
  if (fault === undefined) return spec.kind === 'set' && Array.isArray(value) ? new Set(value) : value
  throw refusal(place, `expected ${fault}`, spec.isSecret ? 'something else' : describe(value))
}

function refusal(place: ValuePlace, what: string, came: string | undefined): InvalidDataError {
  const { model, field, row } = place
  const where = row === undefined ? `${model}.${field}` : `${model}, row ${row}, column ${field}`
  const got = came === undefined ? '' : `, got ${came}`
  return new InvalidDataError(`${where}: ${what}${got}`, place)
}

/** What was expected; undefined where the value fits. */
function faultIn(value: unknown, spec: FieldSpec): string | undefined {
  switch (spec.kind) {
    case 'text':
      if (!isText(value)) return 'a text (without NUL and half characters)'
      if (spec.choices === undefined || spec.choices.includes(value)) return undefined
      return `one of ${spec.choices.join(', ')}`
    case 'integer':
      return Number.isSafeInteger(value) ? undefined : 'a whole number'
    case 'number':
      return Number.isFinite(value) ? undefined : 'a finite number'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'date':
      return isDate(value) ? undefined : 'a valid Date of the years 1 to 9999'
    case 'reference':
      return isPk(value) ? undefined : 'a row or its pk'
    case 'list': {
      const items = spec.items ?? 'json'
      return Array.isArray(value) && value.every((item) => isItem(item, items)) ? undefined : `a list of ${items}`
    }
    case 'references':
      if (!Array.isArray(value) || !value.every(isPk)) return 'a list of rows or their pks'
      return value.length > maxReferences ? `at most ${maxReferences} references` : undefined
    case 'set': {
      const items = spec.items ?? 'text'
      const fits = (value instanceof Set || Array.isArray(value)) && [...value].every((item) => isItem(item, items))
      return fits ? undefined : `a Set of ${items}`
    }
    case 'json':
      return isJson(value, 0) ? undefined : 'a value that JSON can say'
  }
}

function isPk(value: unknown): boolean {
  return isText(value) && value !== '' && value.length <= maxPkLength
}

function isItem(item: unknown, kind: ItemKind): boolean {
  if (kind === 'text') return isText(item)
  if (kind === 'integer') return Number.isSafeInteger(item)
  if (kind === 'number') return Number.isFinite(item)
  if (kind === 'boolean') return typeof item === 'boolean'
  return isJson(item, 0)
}

/** A text that every store gives back as it was: PostgreSQL has no NUL, and UTF-8 no half characters. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

function isDate(value: unknown): boolean {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return false
  const year = value.getUTCFullYear()
  return year >= 1 && year <= 9999
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string') return isText(value)
  if (typeof value !== 'object' || depth >= maxJsonDepth) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.entries(value).every(([key, item]) => isText(key) && key !== '__proto__' && isJson(item, depth + 1))
}
