// Changed unique values are written with the other values of their row. MikroORM would write those of several rows afterwards,
// and delete them from the rows meanwhile: what is compared before the write then lacks them, so that they were lost.
import type { MikroORM } from '@mikro-orm/core'
import type { Plans } from '../plans.ts'

/** The store judges uniqueness: its indexes are made of the fields, and not of this list. */
export function writeUniqueValuesWithRows(orm: MikroORM, plans: Plans): void {
  for (const { name } of plans.all) (orm.getMetadata().get(name) as { uniqueProps: unknown[] }).uniqueProps = []
}
