// Puts a new row into the store at once, so that what is wrong with it shows where it is made; from then on its changes
// are followed.
import { ConflictError } from '../data-errors.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Manager } from './engine.ts'
import { isDangling } from './store-errors.ts'
import type { Unit } from './unit.ts'

export async function putRow(row: Row, manager: Manager): Promise<void> {
  await manager.insert(row as never)
  follow(row, manager)
}

/** From now on, what is assigned to the row is written with the unit of work. */
function follow(row: Row, manager: Manager): void {
  const snapshot = manager.getComparator().prepareEntity(row as never)
  manager.getUnitOfWork().register(row as never, snapshot as never, { refresh: true, loaded: true })
}

/** libsql does not tell which reference points to nothing; it can be looked up. */
export async function missingReference(
  error: unknown,
  row: Row,
  plan: ModelPlan,
  { engine, scanner }: Unit,
): Promise<ConflictError | undefined> {
  // In PostgreSQL the transaction takes no more statements; it has told by itself.
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
