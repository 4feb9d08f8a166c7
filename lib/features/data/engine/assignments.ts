// The assigned values of a unit's rows that are not written yet: finds, settles and checks them.
import type { Type } from '@mikro-orm/core'
import { keepComputed } from '../computed.ts'
import { isUnsettled, type Row, settleSetters } from '../plan.ts'
import type { Plans } from '../plans.ts'
import type { Manager } from './engine.ts'

/**
 * Whether anything was assigned, by a quick look at each row. Changes inside lists, JSON and Dates are found only if
 * `isThorough`. MikroORM would compare every field of every row, which costs half as much as loading them.
 */
export function hasAssignments(manager: Manager, plans: Plans, isThorough: boolean): boolean {
  const known = manager.getUnitOfWork().getIdentityMap()
  if (known.values().length === 0) return false
  const platform = manager.getPlatform()
  for (const plan of plans.all) {
    const meta = manager.getMetadata().get(plan.name)
    const fields: MutableField[] = (isThorough ? plan.mutableNames : []).map((name) => {
      const type = meta.properties[name as never] as { readonly customType?: Type<unknown, unknown> }
      return { name, toStored: (value) => type.customType?.convertToDatabaseValue(value, platform) ?? null }
    })
    for (const each of known.getStore(meta).values()) {
      const row = each as Row & Tracked
      if (row.__helper.__touched || isUnsettled(row)) return true
      for (const { name, toStored } of fields)
        if (toStored(row[name]) !== (row.__helper.__originalEntityData?.[name] ?? null)) return true
    }
  }
  return false
}

/** A field with values that can change without being assigned. */
interface MutableField {
  readonly name: string
  readonly toStored: (value: unknown) => unknown
}

/** MikroORM's state of a row. */
interface Tracked {
  readonly __helper: {
    readonly __touched: boolean
    /** By stored name, as in the store. */
    readonly __originalEntityData?: Readonly<Record<string, unknown>>
  }
}

/** The changed rows, each changed value checked. @throws InvalidDataError, and whatever a setter rejects with. */
export async function changedRows(manager: Manager, plans: Plans): Promise<Row[]> {
  const work = manager.getUnitOfWork()
  const rows = [...work.getIdentityMap()] as unknown as Row[]
  if (rows.length === 0) return []
  if (plans.all.some(({ hasTransforms }) => hasTransforms))
    for (const row of rows) if (isUnsettled(row)) await settleSetters(row, plans.ofRow(row))
  work.computeChangeSets()
  return work.getChangeSets().map(({ entity, payload }) => {
    const row = entity as unknown as Row
    const plan = plans.ofRow(row)
    keepComputed(row, plan)
    for (const name of plan.fields.keys()) {
      const stored = plan.storedName(name)
      if (!(stored in payload)) continue
      const checked = plan.check(name, row[stored])
      // A list was assigned to a set.
      if (checked !== row[stored]) row[stored] = checked
    }
    return row
  })
}
