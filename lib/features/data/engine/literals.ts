// What the rows that are there get in a field that is new: its default, or what its kind has for nothing.

import { isComputed } from '../computed.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { FieldSpec } from '../field.ts'
import type { ModelPlan } from '../plan.ts'
import { toJsonValue } from './cells.ts'
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
  if (isComputed(spec)) return literal(spec.kind === 'date' ? new Date(0) : nothingOf(spec), spec, engine.isPostgres)
  if (spec.isUnique && rows.length > 1) return refuse('unique, so that the rows that are there cannot share a value')
  if (spec.isSecret) return refuse('secret, so that the rows that are there have no value for it')
  const value = spec.makeDefault === undefined ? nothingOf(spec) : plan.check(field, spec.makeDefault())
  if (value === undefined) return refuse('has no value for the rows that are there')
  return literal(value, spec, engine.isPostgres)
}

function nothingOf(spec: FieldSpec): unknown {
  if (spec.choices !== undefined) return undefined
  switch (spec.kind) {
    case 'text':
      return ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'list':
      return []
    case 'set':
      return new Set()
    default:
      return undefined
  }
}

function literal(value: unknown, { kind }: FieldSpec, isPostgres: boolean): string {
  if (kind === 'integer' || kind === 'number') return String(value)
  if (value instanceof Date && !isPostgres) return String(value.getTime())
  if (kind === 'boolean') return isPostgres ? String(value) : value === true ? '1' : '0'
  const text =
    kind === 'list' || kind === 'json' || kind === 'set' || kind === 'references'
      ? JSON.stringify(toJsonValue(value))
      : value instanceof Date
        ? value.toISOString()
        : String(value)
  // A backslash is itself in both stores, because PostgreSQL's strings conform to the standard.
  return `'${text.replaceAll("'", "''")}'`
}
