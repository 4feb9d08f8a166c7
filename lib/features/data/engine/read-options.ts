// The options of the operations of `context.db`, and their checks.

import { checkOptions, type OptionTable } from '../../../core/base/option-table.ts'
import { describe } from '../../../core/base/options.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { DropOptions, HydrateOptions } from '../db.ts'
import type { Model } from '../model.ts'
import type { QueryOptions } from '../model-types.ts'

/** The options of get, find and query; their types define which apply. */
export interface RowsOptions {
  readonly sort?: unknown
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly lock?: boolean | undefined
}

const findOptions = { lock: 'any' } as const
const queryOptions: OptionTable<QueryOptions<Model>> = { sort: 'any', limit: 'any', offset: 'any', lock: 'any' }
const dropOptions: OptionTable<DropOptions> = { cascade: 'any' }
const hydrateOptions: OptionTable<HydrateOptions> = { depth: 'any' }
const maxDepth = 64

/** Throws ClientError (`INVALID_OPTION`). */
export function requireFindOptions(options: RowsOptions): void {
  checkOptions<object>('find', options, findOptions)
}

/** Throws ClientError (`INVALID_OPTION`) for an unknown name, InvalidDataError for a number, which may come from a client. */
export function requireQueryOptions(options: RowsOptions, maxRows: number): void {
  checkOptions('query', options as QueryOptions<Model>, queryOptions)
  for (const name of ['limit', 'offset'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0))
      throw new InvalidDataError(`${name}: expected a whole number of at least 0, got ${describe(value)}`)
  }
  const { limit = 0 } = options
  if (limit > maxRows)
    throw new InvalidDataError(`limit: expected at most ${maxRows}, got ${limit}; ask for pages, or raise data.maxRows`)
}

/** The cascade, unchecked. Throws ClientError (`INVALID_OPTION`). */
export function cascadeOf(options: DropOptions = {}): unknown {
  checkOptions('drop', options, dropOptions)
  return options.cascade ?? []
}

/** Throws ClientError (`INVALID_OPTION`), InvalidDataError. */
export function depthOf(options: HydrateOptions): number {
  checkOptions('hydrate', options, hydrateOptions)
  const { depth = 8 } = options
  if (Number.isSafeInteger(depth) && depth >= 0 && depth <= maxDepth) return depth
  throw new InvalidDataError(`depth: expected a whole number of at most ${maxDepth}, got ${describe(depth)}`)
}
