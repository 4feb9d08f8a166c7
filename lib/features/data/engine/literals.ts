// The value of existing rows in a new field: its default, or its kind's empty value.

import { isComputed } from '../computed.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { FieldSpec } from '../field.ts'
import { kindOf, storeFormOf } from '../kinds/kinds.ts'
import type { ModelPlan } from '../plan.ts'
import type { Engine, Manager } from './engine.ts'
import type { ExistingTable } from './existing-tables.ts'

/** As SQL; undefined if there are no rows. @throws InvalidDataError if rows cannot get a value. */
export async function literalFor(
  plan: ModelPlan,
  field: string,
  table: ExistingTable,
  engine: Engine,
  manager: Manager,
): Promise<string | undefined> {
  const spec = plan.fields.get(field) as FieldSpec
  const rows = (await manager
    .getConnection()
    .execute(`select 1 as found from ${table.quoted} limit 2`, [], 'all', manager.getTransactionContext())) as unknown[]
  if (rows.length === 0) return undefined
  const refuse = (why: string): never => {
    const message = `${plan.name}.${field} is new and ${why}; declare it with { optional: true }, or with a different default`
    throw new InvalidDataError(message, { model: plan.name, field })
  }
  // It is computed for each row before the row is visible.
  const kind = kindOf(spec)
  if (isComputed(spec)) return literal(kind.placeholder?.(), spec, engine.isPostgres)
  if (spec.isUnique && rows.length > 1) return refuse('unique, so existing rows cannot share a value')
  if (spec.isSecret) return refuse('secret, so existing rows have no value for it')
  const nothing = spec.choices === undefined ? kind.nothing?.() : undefined
  const value = spec.makeDefault === undefined ? nothing : plan.check(field, spec.makeDefault())
  if (value === undefined) return refuse('has no value for existing rows')
  return literal(value, spec, engine.isPostgres)
}

/** As SQL. A backslash is an ordinary character in both stores: PostgreSQL uses standard-conforming strings. */
function literal(value: unknown, spec: FieldSpec, isPostgres: boolean): string {
  const form = storeFormOf(spec, isPostgres)
  const stored = form.plain === undefined ? form.encode(value) : value
  if (typeof stored === 'number') return String(stored)
  if (typeof stored === 'boolean') return isPostgres ? String(stored) : stored ? '1' : '0'
  return `'${String(stored).replaceAll("'", "''")}'`
}
