// Inserts a new row into the store immediately, so that errors show where it is created. From then on its changes
// are tracked.
import { ConflictError } from '../data-errors.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Manager } from './engine.ts'
import { isDangling } from './store-errors.ts'
import type { Unit } from './unit.ts'

export async function putRow(row: Row, manager: Manager): Promise<void> {
  await manager.insert(row as never)
  follow(row, manager)
}

/** From now on, assigned values of the row are written with the unit of work. */
function follow(row: Row, manager: Manager): void {
  const snapshot = manager.getComparator().prepareEntity(row as never)
  manager.getUnitOfWork().register(row as never, snapshot as never, { refresh: true, loaded: true })
}

/** libsql does not report which reference points to a missing row; this looks it up. */
export async function missingReference(
  error: unknown,
  row: Row,
  plan: ModelPlan,
  { engine, scanner }: Unit,
): Promise<ConflictError | undefined> {
  // PostgreSQL's transaction accepts no more statements, and its error already names it.
  if (engine.isPostgres || !isDangling(error)) return undefined
  for (const field of plan.referenceNames) {
    const pk = row[field]
    if (pk === null) continue
    const target = engine.plans.target(plan, field)
    if ((await scanner.count(target.Entity as never, { pk } as never)) > 0) continue
    const message = `${plan.name}.${field}: there is no ${target.name} with this pk; create it first`
    return new ConflictError(message, { model: plan.name, field })
  }
  return undefined
}
