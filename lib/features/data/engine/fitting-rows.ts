// Checks that existing rows satisfy a field's new requirements.
import { ConflictError, InvalidDataError } from '../data-errors.ts'
import type { ModelPlan } from '../plan.ts'
import type { Manager } from './engine.ts'
import type { ExistingTable } from './existing-tables.ts'

/** @throws InvalidDataError if a row has no value. */
export async function requireNoNulls(
  plan: ModelPlan,
  field: string,
  table: ExistingTable,
  manager: Manager,
): Promise<void> {
  if (await isEmpty(`select 1 as found from ${table.quoted} where "${field}" is null limit 1`, manager)) return
  throw new InvalidDataError(`${plan.name}.${field} is not optional any more, but there are rows without it`, {
    model: plan.name,
    field,
  })
}

/** @throws ConflictError if two rows have the same value. */
export async function requireDistinct(
  plan: ModelPlan,
  field: string,
  table: ExistingTable,
  manager: Manager,
): Promise<void> {
  const sql = `select 1 as found from ${table.quoted} where "${field}" is not null group by "${field}" having count(*) > 1 limit 1`
  if (await isEmpty(sql, manager)) return
  throw new ConflictError(
    `${plan.name}.${field} is unique now, but there are rows with the same value; change those first`,
    { model: plan.name, field },
  )
}

/** Only reads, so a dry run reports it too. @throws ConflictError if a row refers to a missing row of the target. */
export async function requireTargets(
  plan: ModelPlan,
  field: string,
  table: ExistingTable,
  target: { readonly name: string; readonly table: ExistingTable | undefined },
  manager: Manager,
): Promise<void> {
  const isThere =
    target.table === undefined
      ? ''
      : `and not exists (select 1 from ${target.table.quoted} as found where found."pk" = rows."${field}")`
  const sql = `select 1 as found from ${table.quoted} as rows where rows."${field}" is not null ${isThere} limit 1`
  if (await isEmpty(sql, manager)) return
  throw new ConflictError(
    `${plan.name}.${field} refers to ${target.name} now, but there are rows that would refer to nothing; change those first`,
    { model: plan.name, field },
  )
}

async function isEmpty(sql: string, manager: Manager): Promise<boolean> {
  const rows = await manager.getConnection().execute(sql, [], 'all', manager.getTransactionContext())
  return (rows as unknown as readonly unknown[]).length === 0
}
