// How values are kept in columns, where MikroORM's own types would change them on the way: texts in JSON that look like
// numbers came back as numbers from PostgreSQL, and dates that were loaded twice looked changed.
import { type Platform, Type } from '@mikro-orm/core'

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

/** Points in time: with their zone in PostgreSQL; in libsql as ISO texts, which sort as the times do. */
export class DateColumn extends Type<Date | null, string | null> {
  // Not #private: MikroORM copies its types.
  readonly isPostgres: boolean

  constructor(isPostgres: boolean) {
    super()
    this.isPostgres = isPostgres
  }

  override convertToDatabaseValue(value: Date | string | null): string | null {
    if (value === null || value === undefined) return null
    return typeof value === 'string' ? value : value.toISOString()
  }

  override convertToJSValue(value: Date | string | null): Date | null {
    if (value === null || value instanceof Date) return value
    return new Date(value)
  }

  override getColumnType(): string {
    return this.isPostgres ? 'timestamptz(3)' : 'datetime'
  }

  override compareAsType(): string {
    return 'string'
  }

  override ensureComparable(): boolean {
    return true
  }
}

/** Whole numbers: 64 bits in both stores, safe integers here. */
export class IntegerColumn extends Type<number | null, number | null> {
  override convertToDatabaseValue(value: number | null): number | null {
    return value
  }

  /** PostgreSQL gives those of 64 bits as texts. */
  override convertToJSValue(value: number | string | null): number | null {
    return value === null ? null : Number(value)
  }

  override getColumnType(_property: object, _platform: Platform): string {
    return 'bigint'
  }

  override compareAsType(): string {
    return 'number'
  }
}
