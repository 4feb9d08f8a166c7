// Requirements of the store that the models no longer have: unique values, references.
// Dropping them loses no data, so it needs no permission.
import type { ModelPlan } from '../plan.ts'
import type { Engine } from './engine.ts'
import type { ExistingTable } from './existing-tables.ts'

export interface Outdated {
  /** The name of the index or constraint. */
  readonly name: string
  readonly sql: string
}

export function outdatedRules(plan: ModelPlan, table: ExistingTable, engine: Engine): Outdated[] {
  const drop = (name: string): Outdated => ({
    name,
    sql: engine.isPostgres ? `alter table ${table.quoted} drop constraint "${name}"` : `drop index "${name}"`,
  })
  const rules: Outdated[] = []
  for (const [field, { isUnique }] of plan.fields) {
    const unique = `${plan.name}_${field}_unique`
    if (!isUnique && table.names.has(unique)) rules.push(drop(unique))
    // libsql has references in the table itself, which is created again for them.
    const reference = table.references.get(field)
    if (engine.isPostgres && reference !== undefined && reference.target !== targetOf(plan, field, engine))
      rules.push(drop(reference.name))
  }
  return rules
}

/** Whether a column refers to another table than its field, or only one of the two refers. */
export function hasOtherReferences(plan: ModelPlan, table: ExistingTable, engine: Engine): boolean {
  return [...plan.fields.keys()].some((field) => {
    const isThere = table.columns.has(field)
    return isThere && table.references.get(field)?.target !== targetOf(plan, field, engine)
  })
}

function targetOf(plan: ModelPlan, field: string, { plans }: Engine): string | undefined {
  return plan.referenceNames.includes(field) ? plans.target(plan, field).name : undefined
}
