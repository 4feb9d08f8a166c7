// How values are kept in columns, where MikroORM's own types would change them on the way: texts in JSON that look like
// numbers came back as numbers from PostgreSQL, and dates that were loaded twice looked changed.
import { Type } from '@mikro-orm/core'

/** Lists and JSON. */
export class JsonColumn extends Type<unknown, string | null> {
  // Not #private: MikroORM copies its types.
  readonly isPostgres: boolean

  constructor(isPostgres: boolean) {
    super()
    this.isPostgres = isPostgres
  }

  override convertToDatabaseValue(value: unknown): string | null {
    return value === null || value === undefined ? null : JSON.stringify(value)
  }

  /** PostgreSQL's driver has read the JSON already. */
  override convertToJSValue(value: string | null): unknown {
    return value === null || this.isPostgres ? value : JSON.parse(value)
  }

  override getColumnType(): string {
    return this.isPostgres ? 'jsonb' : 'json'
  }

  override compareAsType(): string {
    return 'string'
  }

  /** What a change is told by is the JSON text, so that a changed item shows. */
  override ensureComparable(): boolean {
    return true
  }
}

/** Points in time: with their zone in PostgreSQL; in libsql as milliseconds since 1970, which is what MikroORM does. */
export class DateColumn extends Type<Date | null, string | number | null> {
  readonly isPostgres: boolean

  constructor(isPostgres: boolean) {
    super()
    this.isPostgres = isPostgres
  }

  override convertToDatabaseValue(value: Date | string | number | null): string | number | null {
    if (value === null || value === undefined || !(value instanceof Date)) return value
    return this.isPostgres ? value.toISOString() : value.getTime()
  }

  override convertToJSValue(value: Date | string | number | null): Date | null {
    if (value === null || value instanceof Date) return value
    return typeof value === 'string' ? fromTimestamp(value) : new Date(value)
  }

  override getColumnType(): string {
    return this.isPostgres ? 'timestamptz(3)' : 'datetime'
  }

  override compareAsType(): string {
    return this.isPostgres ? 'string' : 'number'
  }

  /** libsql gives the number that was stored; PostgreSQL's text is another one than ours. */
  override ensureComparable(): boolean {
    return this.isPostgres
  }
}

/** PostgreSQL's whole numbers of 64 bits, which its driver gives as texts; safe integers here. */
export class IntegerColumn extends Type<number | null, number | null> {
  override convertToDatabaseValue(value: number | null): number | null {
    return value
  }

  override convertToJSValue(value: number | string | null): number | null {
    return value === null ? null : Number(value)
  }

  override getColumnType(): string {
    return 'bigint'
  }

  override compareAsType(): string {
    return 'number'
  }
}

const timestamp =
  /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/

/**
 * Reads what PostgreSQL writes, in whatever zone its session is: `2024-05-06 07:08:09.012+00`. JavaScript's own reading
 * takes early years for others, and does not know the seconds of old zones.
 */
function fromTimestamp(text: string): Date {
  // The usual case, ten times as fast: UTC and four digits that no reader mistakes.
  if (text.endsWith('+00') && text.charAt(0) !== '0' && text.charAt(10) === ' ')
    return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
  const found = timestamp.exec(text)
  if (found === null) return new Date(text)
  const [, year, month, day, hour, minute, second, fraction = '0', sign, zoneHour, zoneMinute, zoneSecond, bc] = found
  const date = new Date(0)
  date.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day))
  const ahead = Number(zoneHour) * 3_600 + Number(zoneMinute ?? 0) * 60 + Number(zoneSecond ?? 0)
  const seconds = Number(second) - (sign === '-' ? -ahead : ahead)
  date.setUTCHours(Number(hour), Number(minute), seconds, Number(fraction.padEnd(3, '0')))
  return date
}
