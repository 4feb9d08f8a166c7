// What the rows that are there get in a field that is new: its default, or what its kind has for nothing.

import { isComputed } from '../computed.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { FieldSpec } from '../field.ts'
import { kindOf, storeFormOf } from '../kinds/kinds.ts'
import type { ModelPlan } from '../plan.ts'
import type { Engine, Manager } from './engine.ts'
import type { ExistingTable } from './existing-tables.ts'

/** As SQL; undefined where there are no rows. @throws InvalidDataError where rows could not get a value. */
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
    const message = `${plan.name}.${field} is new and ${why}; declare it with { optional: true }, or with another default`
    throw new InvalidDataError(message, { model: plan.name, field })
  }
  // It is computed for each row before anybody sees it.
  const kind = kindOf(spec)
  if (isComputed(spec)) return literal(kind.placeholder?.(), spec, engine.isPostgres)
  if (spec.isUnique && rows.length > 1) return refuse('unique, so that the rows that are there cannot share a value')
  if (spec.isSecret) return refuse('secret, so that the rows that are there have no value for it')
  const nothing = spec.choices === undefined ? kind.nothing?.() : undefined
  const value = spec.makeDefault === undefined ? nothing : plan.check(field, spec.makeDefault())
  if (value === undefined) return refuse('has no value for the rows that are there')
  return literal(value, spec, engine.isPostgres)
}

/** As SQL. A backslash is itself in both stores, because PostgreSQL's strings conform to the standard. */
function literal(value: unknown, spec: FieldSpec, isPostgres: boolean): string {
  const form = storeFormOf(spec, isPostgres)
  const stored = form.plain === undefined ? form.encode(value) : value
  if (typeof stored === 'number') return String(stored)
  if (typeof stored === 'boolean') return isPostgres ? String(stored) : stored ? '1' : '0'
  return `'${String(stored).replaceAll("'", "''")}'`
}
