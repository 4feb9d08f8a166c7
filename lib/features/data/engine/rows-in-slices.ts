// Creates rows from the store's results in slices. MikroORM itself creates all of them without yielding to the event
// loop, which takes a quarter of a second for 10 000 rows.
import type { AbstractSqlDriver, SqlEntityManager } from '@mikro-orm/libsql'
import type { Slices } from './slices.ts'

/** The number of rows created without checking the clock. */
const rowsAtOnce = 20

// biome-ignore lint/suspicious/noExplicitAny: TypeScript requires it for a mixin's base class
type DriverClass = new (...given: any[]) => AbstractSqlDriver

interface FindOptions {
  readonly em?: SqlEntityManager
  readonly refresh?: boolean
  readonly schema?: string
}

/** The driver, with a `find` that returns rows of the unit of work instead of plain values: MikroORM keeps them as they are. */
export function rowsInSlices<T extends DriverClass>(Driver: T, slices: Slices): T {
  return class extends Driver {
    override async find(name: string, where: never, options: FindOptions = {}): Promise<never> {
      const found = (await super.find(name, where, options as never)) as object[]
      const { em, refresh, schema } = options
      if (em === undefined || found.length <= rowsAtOnce) return found as never
      const factory = em.getEntityFactory()
      // As in MikroORM's own `find`.
      const how = { merge: true, convertCustomTypes: true, refresh, schema }
      for (const [at, values] of found.entries()) {
        found[at] = factory.create(name, values as never, how as never)
        if (at % rowsAtOnce !== 0) continue
        for (let rest = slices.rest(); rest !== undefined; rest = slices.rest()) await rest
      }
      return found as never
    }
  }
}
