// Writes changed unique values together with the other values of their row. MikroORM would write those of several rows later,
// and delete them from the rows in between: comparisons before the write then miss them, so they were lost.
import type { MikroORM } from '@mikro-orm/core'
import type { Plans } from '../plans.ts'

/** Has no effect on uniqueness: the store's indexes are created from the fields, not from this list. */
export function writeUniqueValuesWithRows(orm: MikroORM, plans: Plans): void {
  for (const { name } of plans.all) (orm.getMetadata().get(name) as { uniqueProps: unknown[] }).uniqueProps = []
}
