// How a computed field is declared: its possible kinds, and its options. Leaves computing to computed.ts.
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { invalidOption } from '../../core/base/options.ts'
import { computableKinds } from './kinds/kinds.ts'

/** The possible kinds, with their value types. */
export interface ComputedTypes {
  text: string
  integer: number
  number: number
  boolean: boolean
  date: Date
}

/** Options of a computed field. */
export interface ComputedOptions {
  /** It may be null: when the function returns undefined. Default false. */
  readonly optional?: boolean
  readonly unique?: boolean
  readonly index?: boolean
  /** Never in a dictionary, a log or a filter. Default false. */
  readonly secret?: boolean
}

const computedOptions: OptionTable<ComputedOptions> = {
  secret: 'protects',
  optional: 'any',
  unique: 'any',
  index: 'any',
}

type Compute = (row: never) => unknown

/** The checked function. @throws ClientError (`INVALID_OPTION`). */
export function requireComputed(kind: keyof ComputedTypes, compute: Compute, options: ComputedOptions): Compute {
  const kinds = computableKinds()
  if (!kinds.includes(kind)) throw invalidOption('kind of a computed field', `one of ${kinds.join(', ')}`, kind)
  if (typeof compute !== 'function') throw invalidOption('computed field', 'a function that computes it', compute)
  checkOptions('field', options, computedOptions)
  return compute
}
