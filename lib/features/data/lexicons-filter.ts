// Filters in lexicons' notation: `{ age__gt: 18, author__email__f: '@example.org', _sort: '-age', _limit: 10 }`. Converts only
// the notation; leaves the check of what is allowed to parseFilter.

import { describe } from '../../core/base/options.ts'
import { InvalidDataError } from './data-errors.ts'

/** A filter and sort keys as JSON, for `parseFilter` and `parseSort`. */
export interface TranslatedQuery {
  readonly filter: Record<string, unknown>
  readonly options: { readonly sort?: string[]; readonly limit?: number; readonly offset?: number }
}

/** Our operators, by lexicons' names. */
const operatorOf = new Map([
  ['eq', 'eq'],
  ['ne', 'ne'],
  ['gt', 'gt'],
  ['ge', 'ge'],
  ['gte', 'ge'],
  ['lt', 'lt'],
  ['le', 'le'],
  ['lte', 'le'],
  ['in', 'in'],
  ['nin', 'nin'],
  ['not_in', 'nin'],
  ['f', 'contains'],
  ['find', 'contains'],
  ['has', 'contains'],
  ['contains', 'contains'],
  ['includes', 'contains'],
  ['excludes', 'lacks'],
  ['re', 'matches'],
  ['regex', 'matches'],
  ['like', 'matches'],
  ['min', 'min'],
  ['max', 'max'],
])

/** Lexicons' own names of the keywords that are not conditions, and ours. */
const optionWords = { sort: ['_sort', 'sort'], limit: ['_limit', 'limit'], offset: ['_offset', 'offset'] } as const

/**
 * Converts lexicons' keyword filters: `field__operator`, and `reference__field` or `reference__field__operator`, with
 * `_sort` and `_limit`. A value stays a value: an object in its place is rejected when the filter is used. A field that is
 * called `sort`, `limit` or `offset` is written as `sort__eq`.
 *
 * @throws InvalidDataError for anything but an object, a condition that occurs twice, or an invalid limit or sort.
 * @example
 * const { filter, options } = fromLexicons({ age__gt: 18, email__f: '@example.org', _sort: '-age', _limit: 10 })
 * const fields = ['age', 'email'] as const
 * await context.db.query(User, parseFilter(filter, User, { fields }), {
 *   limit: options.limit ?? 100,
 *   sort: parseSort(options.sort, User, { fields }),
 * })
 */
export function fromLexicons(keywords: unknown): TranslatedQuery {
  if (typeof keywords !== 'object' || keywords === null || Array.isArray(keywords))
    throw new InvalidDataError(`expected an object of filters, got ${describe(keywords)}`)
  const filter = Object.create(null) as Record<string, Record<string, unknown>>
  const given = new Map(Object.entries(keywords))
  const [sort, limit, offset] = [optionOf('sort', given), optionOf('limit', given), optionOf('offset', given)]
  for (const [key, value] of given) {
    const names = key.split('__')
    const operator = names.length > 1 ? operatorOf.get(names.at(-1) as string) : undefined
    if (operator !== undefined) names.pop()
    const path = names.join('.')
    filter[path] ??= Object.create(null) as Record<string, unknown>
    const conditions = filter[path]
    if (Object.hasOwn(conditions, operator ?? 'eq'))
      throw new InvalidDataError(`${describe(key)} repeats the condition ${operator ?? 'eq'}; use it once`)
    conditions[operator ?? 'eq'] = operator === 'min' || operator === 'max' ? true : value
  }
  // Lexicons' clients send an empty sort to omit the order.
  const isSorted = sort !== undefined && sort !== null && sort !== ''
  return {
    filter,
    options: {
      ...(isSorted ? { sort: sortKeys(sort) } : {}),
      ...(limit === undefined ? {} : { limit: count('limit', limit) }),
      ...(offset === undefined ? {} : { offset: count('offset', offset) }),
    },
  }
}

/** Removes the option from the given keywords and returns it. */
function optionOf(name: keyof typeof optionWords, given: Map<string, unknown>): unknown {
  const [own, ours] = optionWords[name]
  if (given.has(own) && given.has(ours))
    throw new InvalidDataError(
      `${own} and ${ours} are the same; send one of them (a field of that name is written as ${ours}__eq)`,
    )
  const value = given.get(given.has(own) ? own : ours)
  given.delete(own)
  given.delete(ours)
  return value
}

function sortKeys(sort: unknown): string[] {
  const keys: unknown[] = Array.isArray(sort) ? sort : [sort]
  return keys.map((key) => {
    if (typeof key === 'string') return key.replaceAll('__', '.')
    throw new InvalidDataError(`sort: expected the name of a field, got ${describe(key)}`)
  })
}

function count(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new InvalidDataError(`${name}: expected a whole number, got ${describe(value)}`)
}
