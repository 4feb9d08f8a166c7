// How values are kept in columns, where MikroORM's own types would change them on the way: texts in JSON that look like
// numbers came back as numbers from PostgreSQL, and dates that were loaded twice looked changed.
import { Type } from '@mikro-orm/core'
import { sortedItems } from '../set-items.ts'

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

/** Sets, as lists in one order: a change is seen by their text, so that another order is none. */
export class SetColumn extends JsonColumn {
  override convertToDatabaseValue(value: unknown): string | null {
    const isSet = value instanceof Set || Array.isArray(value)
    return super.convertToDatabaseValue(isSet ? sortedItems(value) : value)
  }

  override convertToJSValue(value: string | null): unknown {
    const items = super.convertToJSValue(value)
    return Array.isArray(items) ? new Set(items) : items
  }
}

/** Points in time: with their zone in PostgreSQL, whose driver gives them as toISOString() does; in libsql milliseconds since 1970. */
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
    return value === null || value instanceof Date ? value : new Date(value)
  }

  override getColumnType(): string {
    return this.isPostgres ? 'timestamptz(3)' : 'datetime'
  }

  override compareAsType(): string {
    return this.isPostgres ? 'string' : 'number'
  }

  /** What comes from the store is what goes there. */
  override ensureComparable(): boolean {
    return false
  }
}

/** Whole numbers of 64 bits in PostgreSQL: as they are, where MikroORM's own type would make BigInts of them. */
export class IntegerColumn extends Type<number | null, number | null> {
  override getColumnType(): string {
    return 'bigint'
  }

  override compareAsType(): string {
    return 'number'
  }

  override ensureComparable(): boolean {
    return false
  }
}
