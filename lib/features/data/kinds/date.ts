// Points in time, to the millisecond: with time zone in PostgreSQL, as milliseconds since 1970 in libsql.

import { describe } from '../../../core/base/options.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { Kind, ValuePlace } from './kind.ts'
import { isoTime } from './postgres-time.ts'

/** In files. */
const isoDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/
/** In filters: RFC 3339, or a day only. A time without an offset would mean another moment on each machine. */
const isoDateOrDay = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

// MikroORM's own type treats dates that were loaded twice as changed.
export const date: Kind<Date> = {
  expected: (value) => (isDate(value) ? undefined : 'a valid Date of the years 1 to 9999'),
  isMutable: true,
  filters: { compares: 'order', contains: 'nothing', fromJson: dateFrom },
  stores: {
    libsql: {
      column: 'datetime',
      encode: (value) => (value instanceof Date ? value.getTime() : value),
      decode: (stored) => (stored instanceof Date ? stored : new Date(stored as number)),
      encodedAs: 'number',
      isReadAsEncoded: true,
    },
    postgresql: {
      column: 'timestamp(3) with time zone',
      encode: (value) => (value instanceof Date ? value.toISOString() : value),
      decode: (stored) => (stored instanceof Date ? stored : new Date(stored as string)),
      encodedAs: 'text',
      isReadAsEncoded: true,
      driver: { type: 1184, parse: isoTime },
    },
  },
  files: {
    toJson: (value) => value.toISOString(),
    fromJson: (value) => (typeof value === 'string' && isoDate.test(value) ? new Date(value) : value),
    toCell: (value) => value.toISOString(),
    fromCell: (cell) => (isoDate.test(cell) ? new Date(cell) : cell),
  },
  placeholder: () => new Date(0),
}

function isDate(value: unknown): boolean {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return false
  const year = value.getUTCFullYear()
  return year >= 1 && year <= 9999
}

function dateFrom(value: unknown, place: ValuePlace): unknown {
  if (typeof value !== 'string') return value
  const found = isoDateOrDay.test(value) && isDayOfMonth(value) ? new Date(value) : undefined
  if (found !== undefined && !Number.isNaN(found.getTime())) return found
  const message = `${place.model}.${place.field}: expected a date such as "2026-11-28T21:30:00.000Z" or "2026-11-28", got ${describe(value)}`
  throw new InvalidDataError(message, place)
}

/** JavaScript reads February 30 as a day in March. */
function isDayOfMonth(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day
}
