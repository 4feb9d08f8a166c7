// Values of a filter as JSON spells them: a date is a text there. All other kinds that a filter can ask for are JSON's own.
// Whether a value fits its field is checked when the filter is used.

import { describe } from '../../core/base/options.ts'
import type { ValuePlace } from './check.ts'
import { InvalidDataError } from './data-errors.ts'
import type { FieldSpec } from './field.ts'

/** RFC 3339, or a day alone. A time without an offset would be another moment on each machine. */
const isoDate = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * The operand of a condition as its field has it.
 *
 * @throws InvalidDataError for a text that is no date, where a date is asked for.
 */
export function valueFromJson(value: unknown, spec: FieldSpec | undefined, place: ValuePlace): unknown {
  if (spec?.kind !== 'date') return value
  return Array.isArray(value) ? value.map((item) => dateFrom(item, place)) : dateFrom(value, place)
}

function dateFrom(value: unknown, place: ValuePlace): unknown {
  if (typeof value !== 'string') return value
  const date = isoDate.test(value) && isDayOfMonth(value) ? new Date(value) : undefined
  if (date !== undefined && !Number.isNaN(date.getTime())) return date
  const message = `${place.model}.${place.field}: expected a date such as "2026-11-28T21:30:00.000Z" or "2026-11-28", got ${describe(value)}`
  throw new InvalidDataError(message, place)
}

/** JavaScript takes the 30th of February for a day in March. */
function isDayOfMonth(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day
}
