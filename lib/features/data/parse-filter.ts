// Converts filters and sort keys from clients to those that `db` accepts. The program defines which fields may be used. JSON
// forms of conditions become conditions only here, and so do other JSON forms of values, such as texts for dates.

import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { describe } from '../../core/base/options.ts'
import { and, type Condition, conditionOf, type Operator, operators } from './condition.ts'
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec } from './field.ts'
import { maxParts, maxSortKeys } from './filter.ts'
import type { ValuePlace } from './kinds/kind.ts'
import { kindOf } from './kinds/kinds.ts'
import { type Model, type ModelClass, modelNameOf, readFields } from './model.ts'
import type { Filter, FilterField, SortKey } from './model-types.ts'

export interface ParseFilterOptions<M> {
  /** The fields that it may use; those of references by their path. */
  readonly fields: readonly FilterField<M>[]
  /** The operators that it may use. Default: all, including `matches`. */
  readonly operators?: readonly Operator[] | undefined
}

const parseFilterOptions: OptionTable<ParseFilterOptions<Model>> = { fields: 'protects', operators: 'protects' }

export interface ParseSortOptions<M> {
  /** The fields that rows may be sorted by; those of references by their path. */
  readonly fields: readonly FilterField<M>[]
}

const parseSortOptions: OptionTable<ParseSortOptions<Model>> = { fields: 'protects' }

/**
 * A filter from a client, as JSON: a value for each field, or an object of conditions that must all hold. The operators
 * are `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `in`, `nin`, `contains`, `lacks` (not `contains`), `matches`, `min` and `max`;
 * the last two have the value true.
 * A date is a text such as `2026-11-28T21:30:00.000Z`, with `Z` or an offset, or `2026-11-28`, which is midnight UTC. Values are
 * checked against the model when the filter is used.
 *
 * @throws InvalidDataError for a field or condition that is not allowed, or anything but an object.
 * @example
 * // filter: { age: { ge: 18, lt: 65 }, name: 'Ann' }
 * await db.query(User, parseFilter(filter, User, { fields: ['name', 'age'] }), { limit: 100 })
 */
export function parseFilter<M extends Model>(
  json: unknown,
  model: ModelClass<M>,
  options: ParseFilterOptions<M>,
): Filter<M> {
  checkOptions('parseFilter', options, parseFilterOptions)
  const { fields, operators: allowed = operators } = options
  const name = modelNameOf(model)
  if (!isPlain(json)) throw new InvalidDataError(`a filter of ${name} must be an object, got ${describe(json)}`)
  const filter = Object.create(null) as Record<string, unknown>
  let count = 0
  for (const [field, value] of Object.entries(json)) {
    requireField(field, fields, name, 'a filter')
    const asked = isPlain(value) ? Object.entries(value) : [['eq', value] as const]
    count += asked.length
    if (count > maxParts)
      throw new InvalidDataError(`a filter of ${name} has more than ${maxParts} conditions`, { model: name })
    const spec = fieldAt(field, model)
    const conditions = asked.map(([operator, operand]): Condition<unknown> => {
      if ((allowed as readonly string[]).includes(operator))
        return conditionOf(operator as Operator, valueFromJson(operand, spec, { model: name, field }))
      const message = `${name}.${field}: unknown operator ${describe(operator)}; there are ${allowed.join(', ')}`
      throw new InvalidDataError(message, { model: name, field })
    })
    filter[field] = and(...conditions)
  }
  return filter as Filter<M>
}

/**
 * Sort keys from a client: a field or a list of fields, each with a leading `-` for descending order. Undefined means none.
 *
 * @throws InvalidDataError for a field that is not allowed.
 * @example await db.query(User, {}, { sort: parseSort(sort, User, { fields: ['name', 'age'] }), limit: 100 })
 */
export function parseSort<M extends Model>(
  json: unknown,
  model: ModelClass<M>,
  options: ParseSortOptions<M>,
): SortKey<M>[] {
  checkOptions('parseSort', options, parseSortOptions)
  const { fields } = options
  const name = modelNameOf(model)
  const keys: readonly unknown[] = json === undefined || json === null ? [] : Array.isArray(json) ? json : [json]
  if (keys.length > maxSortKeys)
    throw new InvalidDataError(`more than ${maxSortKeys} fields of ${name} to sort by`, { model: name })
  return keys.map((key) => {
    if (typeof key !== 'string')
      throw new InvalidDataError(`expected the name of a field to sort by, got ${describe(key)}`, { model: name })
    requireField(key.startsWith('-') ? key.slice(1) : key, fields, name, 'a sort key')
    return key as SortKey<M>
  })
}

/** An operand in the form of its field. It is checked when the filter is used. @throws InvalidDataError. */
function valueFromJson(value: unknown, spec: FieldSpec | undefined, place: ValuePlace): unknown {
  const { filters } = spec === undefined ? { filters: undefined } : kindOf(spec)
  const read = (item: unknown): unknown => filters?.fromJson?.(item, place)
  if (filters?.fromJson === undefined) return value
  return Array.isArray(value) ? value.map(read) : read(value)
}

function requireField(field: string, fields: readonly string[], model: string, what: string): void {
  if (fields.includes(field)) return
  const message = `${what} of ${model} may not use ${describe(field)}; it may use ${fields.join(', ')}`
  throw new InvalidDataError(message, { model })
}

/** The field at a path; undefined if there is none, which is reported when the filter is used. */
function fieldAt(path: string, model: ModelClass): FieldSpec | undefined {
  let at: ModelClass | undefined = model
  let spec: FieldSpec | undefined
  for (const name of path.split('.')) {
    if (at === undefined) return undefined
    spec = fieldsOf(at).get(name)
    at = spec?.target?.() as ModelClass | undefined
  }
  return spec
}

/** Cached, because a class declares the same fields every time. */
const fieldsByModel = new WeakMap<ModelClass, ReadonlyMap<string, FieldSpec>>()

function fieldsOf(model: ModelClass): ReadonlyMap<string, FieldSpec> {
  const known = fieldsByModel.get(model)
  if (known !== undefined) return known
  const fields = readFields(model)
  fieldsByModel.set(model, fields)
  return fields
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
