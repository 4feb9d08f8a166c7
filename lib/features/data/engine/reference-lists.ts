// Lists of references. The store keeps them as lists of pks without checking them. This checks that each pk belongs to a row
// when a list is written, and removes dropped rows from lists.
import { ConflictError } from '../data-errors.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Engine, Manager } from './engine.ts'

/** The part of a unit of work that is needed. */
interface ListUnit {
  readonly engine: Engine
  readonly manager: Manager
  /** Throws if nobody waits for it any more. */
  readonly requireWanted: () => void
}

/** A list to write. */
export interface WrittenList {
  readonly plan: ModelPlan
  readonly field: string
  readonly row: Row
}

const rowsAtOnce = 500

export function listsIn(plan: ModelPlan, row: Row): WrittenList[] {
  return plan.listNames.map((field) => ({ plan, field, row }))
}

/** The changed lists; called after changes were detected. */
export function changedLists({ manager, engine }: ListUnit): WrittenList[] {
  if (engine.plans.all.every(({ listNames }) => listNames.length === 0)) return []
  return manager
    .getUnitOfWork()
    .getChangeSets()
    .flatMap(({ entity, payload }) => {
      const row = entity as unknown as Row
      return listsIn(engine.plans.ofRow(row), row).filter(({ field }) => field in payload)
    })
}

/** Runs within a transaction, until whose end the referenced rows cannot be dropped. @throws ConflictError that names the field. */
export async function requireListed(lists: readonly WrittenList[], { manager, engine }: ListUnit): Promise<void> {
  for (const { plan, field, row } of lists) {
    const target = engine.plans.target(plan, field)
    // A new row may refer to itself.
    const pks = new Set((row[field] as string[]).filter((pk) => target !== plan || pk !== row.pk))
    if (pks.size === 0) continue
    const there = await pksThere(target, [...pks], engine, manager, 'locked')
    if ([...pks].every((pk) => there.has(pk))) continue
    const message = `${plan.name}.${field}: there is no ${target.name} with one of these pks; create it first`
    throw new ConflictError(message, { model: plan.name, field })
  }
}

/** The pks of existing rows among these. */
export async function pksThere(
  plan: ModelPlan,
  pks: readonly string[],
  engine: Engine,
  manager: Manager,
  how: 'read' | 'locked',
): Promise<ReadonlySet<string>> {
  // libsql has one writer at a time.
  const lock = how === 'locked' && engine.isPostgres ? ' for key share' : ''
  const sql = `select "pk" from ${tableOf(plan, engine)} where "pk" in (${listed(engine)})${lock}`
  return new Set(await pksFound(sql, pks, manager))
}

/** Removes dropped rows from the lists that referred to them. The changes are written with the unit's. */
export async function takeOutOfLists(plan: ModelPlan, pks: readonly string[], unit: ListUnit): Promise<void> {
  const { manager, engine } = unit
  const gone = new Set(pks)
  for (const { from, field } of engine.plans.listsTo(plan)) {
    const items = engine.isPostgres
      ? `jsonb_array_elements_text("${field}") as item(value)`
      : `json_each("${field}") as item`
    const sql = `select "pk" from ${tableOf(from, engine)} where exists (select 1 from ${items} where item.value in (${listed(engine)}))`
    const found = await pksFound(sql, pks, manager)
    for (let at = 0; at < found.length; at += rowsAtOnce) {
      unit.requireWanted()
      const where = { pk: { $in: found.slice(at, at + rowsAtOnce) } }
      const rows = (await manager.find(from.Entity as never, where as never)) as unknown as Row[]
      for (const row of rows) row[field] = (row[field] as string[]).filter((pk) => !gone.has(pk))
    }
  }
}

async function pksFound(sql: string, pks: readonly string[], manager: Manager): Promise<string[]> {
  const transaction = manager.getTransactionContext()
  const rows = await manager.getConnection().execute(sql, [JSON.stringify(pks)], 'all', transaction)
  return (rows as unknown as { readonly pk: string }[]).map(({ pk }) => pk)
}

function listed({ isPostgres }: Engine): string {
  return isPostgres ? 'select jsonb_array_elements_text(?::jsonb)' : 'select value from json_each(?)'
}

/** Names consist of letters, digits and _. */
function tableOf({ name }: ModelPlan, { options }: Engine): string {
  return options.schema === undefined ? `"${name}"` : `"${options.schema}"."${name}"`
}
