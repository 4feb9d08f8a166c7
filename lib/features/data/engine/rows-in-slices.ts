// Makes rows of what a store has found, slice by slice: MikroORM itself makes all of them without a turn of the event
// loop, which is a quarter of a second for 10 000 rows.
import type { AbstractSqlDriver, SqlEntityManager } from '@mikro-orm/libsql'
import type { Slices } from './slices.ts'

/** What is made without looking at the clock. */
const rowsAtOnce = 20

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks it of a class that another one is made of
type DriverClass = new (...given: any[]) => AbstractSqlDriver

interface FindOptions {
  readonly em?: SqlEntityManager
  readonly refresh?: boolean
  readonly schema?: string
}

/** The driver, whose `find` gives rows of the unit of work instead of plain values: MikroORM takes them as they are. */
export function rowsInSlices<T extends DriverClass>(Driver: T, slices: Slices): T {
  return class extends Driver {
    override async find(name: string, where: never, options: FindOptions = {}): Promise<never> {
      const found = (await super.find(name, where, options as never)) as object[]
      const { em, refresh, schema } = options
      if (em === undefined || found.length <= rowsAtOnce) return found as never
      const factory = em.getEntityFactory()
      // As MikroORM's own `find` does.
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
