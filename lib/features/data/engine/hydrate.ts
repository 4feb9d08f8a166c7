// Dictionaries with references expanded to dictionaries. Loaded level by level, so that a thousand rows need few statements.
import { InvalidDataError } from '../data-errors.ts'
import type { ModelPlan, Row } from '../plan.ts'
import { byPlan } from '../plans.ts'
import type { Unit } from './unit.ts'

const pksAtOnce = 500

export async function hydrateRows(rows: readonly Row[], depth: number, unit: Unit): Promise<object[]> {
  const known = new Map<string, Row>()
  let level: readonly Row[] = rows
  for (let at = 0; at < depth && level.length > 0; at++) level = await loadTargets(level, known, unit)
  const writing: Writing = { known, unit, above: new Set(), left: unit.engine.options.maxRows }
  return rows.map((row) => nested(row, depth, writing))
}

interface Writing {
  readonly known: ReadonlyMap<string, Row>
  readonly unit: Unit
  /** The rows around the current one. */
  readonly above: Set<string>
  /** The rows that may still be written: a row with many references to it is written many times. */
  left: number
}

/** Loads the rows that these refer to and that are not loaded yet. */
async function loadTargets(rows: readonly Row[], known: Map<string, Row>, unit: Unit): Promise<Row[]> {
  const { plans } = unit.engine
  const wanted = new Map<ModelPlan, Set<string>>()
  for (const [plan, group] of byPlan(rows, plans)) {
    for (const field of plan.referenceNames) {
      const target = plans.target(plan, field)
      const pks = wanted.get(target) ?? new Set()
      for (const row of group) {
        const pk = row[field] as string | null
        if (pk !== null && !known.has(keyOf(target, pk))) pks.add(pk)
      }
      wanted.set(target, pks)
    }
    for (const field of plan.listNames) {
      const target = plans.target(plan, field)
      const pks = wanted.get(target) ?? new Set()
      for (const row of group) for (const pk of row[field] as string[]) if (!known.has(keyOf(target, pk))) pks.add(pk)
      wanted.set(target, pks)
    }
  }
  const found: Row[] = []
  for (const [plan, pks] of wanted) {
    const list = [...pks]
    for (let at = 0; at < list.length; at += pksAtOnce) {
      const some = list.slice(at, at + pksAtOnce)
      const loaded = await unit.manager.find(plan.Entity as never, { pk: { $in: some } } as never)
      found.push(...(loaded as unknown as Row[]))
    }
  }
  for (const row of found) known.set(keyOf(plans.ofRow(row), row.pk), row)
  return found
}

/** A row that is already being written stays a pk, because it would contain itself. */
function nested(row: Row, depth: number, writing: Writing): object {
  const { known, above, unit } = writing
  if (--writing.left < 0)
    throw new InvalidDataError(`hydrate would return more than ${unit.engine.options.maxRows} rows; ask for less depth`)
  const { plans } = unit.engine
  const plan = plans.ofRow(row)
  const key = keyOf(plan, row.pk)
  const dictionary = row.toDict() as Record<string, unknown>
  if (depth === 0) return dictionary
  above.add(key)
  for (const field of plan.referenceNames) {
    const pk = row[field] as string | null
    const targetKey = pk === null ? '' : keyOf(plans.target(plan, field), pk)
    const target = known.get(targetKey)
    if (target !== undefined && !above.has(targetKey)) dictionary[field] = nested(target, depth - 1, writing)
  }
  for (const field of plan.listNames) {
    const target = plans.target(plan, field)
    // Rows that no longer exist are left out.
    dictionary[field] = (row[field] as string[]).flatMap((pk): (string | object)[] => {
      const targetKey = keyOf(target, pk)
      if (above.has(targetKey)) return [pk]
      const found = known.get(targetKey)
      return found === undefined ? [] : [nested(found, depth - 1, writing)]
    })
  }
  above.delete(key)
  return dictionary
}

function keyOf(plan: ModelPlan, pk: string): string {
  return `${plan.name} ${pk}`
}
