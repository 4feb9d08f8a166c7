// Columns of kinds with encoded values, where MikroORM's own types would alter them: JSON texts that look
// like numbers came back as numbers from PostgreSQL, and dates that were loaded twice looked changed.
import { Type } from '@mikro-orm/core'
import type { Encoded, EncodedForm } from '../kinds/kind.ts'

export class EncodedColumn extends Type<unknown, unknown> {
  // Not #private, because MikroORM copies its types.
  readonly form: EncodedForm<unknown>

  constructor(form: EncodedForm<unknown>) {
    super()
    this.form = form
  }

  override convertToDatabaseValue(value: unknown): Encoded | null {
    return value === null || value === undefined ? null : this.form.encode(value)
  }

  override convertToJSValue(value: unknown): unknown {
    return value === null || value === undefined ? null : this.form.decode(value)
  }

  override getColumnType(): string {
    return this.form.column
  }

  override compareAsType(): string {
    return this.form.encodedAs === 'number' ? 'number' : 'string'
  }

  override ensureComparable(): boolean {
    return !this.form.isReadAsEncoded
  }
}
