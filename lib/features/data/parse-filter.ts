// Filters and sort keys that a client sent, as those that `db` takes. The program says which fields may be asked for; what
// JSON spells as a condition becomes one here and nowhere else, and so do values that it spells in another way: dates are texts there.

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
  /** The fields that it may ask for; those of references by their path. */
  readonly fields: readonly FilterField<M>[]
  /** What it may ask of them. Default: everything, `matches` included. */
  readonly operators?: readonly Operator[]
}

const parseFilterOptions: OptionTable<ParseFilterOptions<Model>> = { fields: 'protects', operators: 'protects' }

export interface ParseSortOptions<M> {
  /** The fields that rows may be sorted by; those of references by their path. */
  readonly fields: readonly FilterField<M>[]
}

const parseSortOptions: OptionTable<ParseSortOptions<Model>> = { fields: 'protects' }

/**
 * A filter that a client sent, as JSON: a value for each field, or an object of conditions, all of which must hold. They
 * are called `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `in`, `nin`, `contains`, `lacks` (not `contains`), `matches`, `min` and `max`;
 * the last two take true.
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
 * What a client sent to sort by: a field or a list of them, each with `-` in front for the greatest first. Undefined gives
 * none.
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

/** An operand as its field has it. Whether it fits is checked when the filter is used. @throws InvalidDataError. */
function valueFromJson(value: unknown, spec: FieldSpec | undefined, place: ValuePlace): unknown {
  const { filters } = spec === undefined ? { filters: undefined } : kindOf(spec)
  const read = (item: unknown): unknown => filters?.fromJson?.(item, place)
  if (filters?.fromJson === undefined) return value
  return Array.isArray(value) ? value.map(read) : read(value)
}

function requireField(field: string, fields: readonly string[], model: string, what: string): void {
  if (fields.includes(field)) return
  const message = `${what} of ${model} may not ask for ${describe(field)}; it may ask for ${fields.join(', ')}`
  throw new InvalidDataError(message, { model })
}

/** The field that a path leads to; undefined where it leads nowhere, which is told when the filter is used. */
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

/** A class declares the same fields each time that it is read. */
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
