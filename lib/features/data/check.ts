// Checks that a value fits its field. Accepts what every store returns unchanged, and rejects everything else before the
// store sees it.

import { describe } from '../../core/base/options.ts'
import { InvalidDataError } from './data-errors.ts'
import type { KindField, ValuePlace } from './kinds/kind.ts'
import { type FieldKind, kindOf } from './kinds/kinds.ts'

/** The part of a field that is needed. */
interface CheckedField extends KindField {
  readonly kind: FieldKind
}

/** The value to store. @throws InvalidDataError that names the field, and never quotes the value of a secret one. */
export function checkValue(value: unknown, spec: CheckedField, place: ValuePlace): unknown {
  if (value === null) {
    if (spec.isOptional) return null
    throw refusal(place, 'cannot be null; to allow null, declare it with { optional: true }', undefined)
  }
  const kind = kindOf(spec)
  const expected = kind.expected(value, spec)
  if (expected === undefined) return kind.kept === undefined ? value : kind.kept(value)
  throw refusal(place, `expected ${expected}`, spec.isSecret ? 'something else' : describe(value))
}

function refusal(place: ValuePlace, what: string, actual: string | undefined): InvalidDataError {
  const { model, field, row } = place
  const where = row === undefined ? `${model}.${field}` : `${model}, row ${row}, column ${field}`
  const got = actual === undefined ? '' : `, got ${actual}`
  return new InvalidDataError(`${where}: ${what}${got}`, place)
}
