// Computed fields of existing rows, for a new field or a changed function.
import { setImmediate } from '../../../core/base/platform-timers.ts'
import { keepComputed } from '../computed.ts'
import type { MigrateOptions } from '../migration.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Plans } from '../plans.ts'
import type { Manager } from './engine.ts'
import type { ExistingTable } from './existing-tables.ts'

const rowsAtOnce = 500

/** The missing ones, or all, of models with existing tables. */
export function computedFields(
  plans: Plans,
  tables: ReadonlyMap<string, ExistingTable>,
  { recompute = false }: MigrateOptions,
): { readonly plan: ModelPlan; readonly fields: readonly string[] }[] {
  return plans.all.flatMap((plan) => {
    const table = tables.get(plan.name)
    if (table === undefined) return []
    const fields = plan.computedNames.filter((name) => recompute || !table.columns.has(name))
    return fields.length > 0 ? [{ plan, fields }] : []
  })
}

/** Runs within the manager's transaction. @throws InvalidDataError that names the field. */
export async function computeRows(plan: ModelPlan, manager: Manager): Promise<void> {
  for (let last: string | undefined; ; ) {
    // A page's rows are released before the next one.
    const page = manager.fork({ clear: true, keepTransactionContext: true, useContext: false }) as Manager
    const where = last === undefined ? {} : { pk: { $gt: last } }
    const rows = (await page.find(plan.Entity as never, where as never, {
      orderBy: { pk: 'asc' } as never,
      limit: rowsAtOnce,
    })) as unknown as Row[]
    for (const row of rows) keepComputed(row, plan)
    await page.flush()
    if (rows.length < rowsAtOnce) return
    last = rows.at(-1)?.pk
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
