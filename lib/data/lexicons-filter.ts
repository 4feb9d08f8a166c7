// Filters as lexicons spells them: `{ age__gt: 18, author__email: 'ann@example.org', sort: '-age', limit: 10 }`. The spelling
// changes and nothing else: what may be asked for is left to parseFilter.
import { InvalidDataError } from '../base/data-errors.ts'
import { describe } from '../base/options.ts'

/** A filter and sort keys as JSON, for `parseFilter` and `parseSort`. */
export interface TranslatedQuery {
  readonly filter: Record<string, unknown>
  readonly options: { readonly sort?: string[]; readonly limit?: number; readonly offset?: number }
}

/** What lexicons calls an operator, by what it is called here. */
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
  ['has', 'contains'],
  ['contains', 'contains'],
  ['regex', 'matches'],
  ['like', 'matches'],
  ['min', 'min'],
  ['max', 'max'],
])

/**
 * Translates lexicons' keyword filters: `field__operator`, and `reference__field` or `reference__field__operator`.
 *
 * @throws InvalidDataError for what is no object, or a bad limit or sort.
 * @example
 * const { filter, options } = fromLexicons({ age__gt: 18, sort: '-age' })
 * const fields = ['age', 'name'] as const
 * await context.db.query(User, parseFilter(filter, User, { fields }), {
 *   limit: options.limit ?? 100,
 *   sort: parseSort(options.sort, User, { fields }),
 * })
 */
export function fromLexicons(keywords: unknown): TranslatedQuery {
  if (typeof keywords !== 'object' || keywords === null || Array.isArray(keywords))
    throw new InvalidDataError(`expected an object of filters, got ${describe(keywords)}`)
  const filter = Object.create(null) as Record<string, Record<string, unknown>>
  const { sort, limit, offset, ...conditions } = keywords as Record<string, unknown>
  for (const [key, value] of Object.entries(conditions)) {
    const names = key.split('__')
    const operator = names.length > 1 ? operatorOf.get(names.at(-1) as string) : undefined
    if (operator !== undefined) names.pop()
    const path = names.join('.')
    filter[path] ??= Object.create(null) as Record<string, unknown>
    filter[path][operator ?? 'eq'] = operator === 'min' || operator === 'max' ? true : value
  }
  return {
    filter,
    options: {
      ...(sort === undefined ? {} : { sort: sortKeys(sort) }),
      ...(limit === undefined ? {} : { limit: count('limit', limit) }),
      ...(offset === undefined ? {} : { offset: count('offset', offset) }),
    },
  }
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
