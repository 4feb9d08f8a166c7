// The types that data adds to contexts and servers.
import type { Database } from './database.ts'
import type { Db } from './db.ts'

declare module '../../core/action/context.ts' {
  interface ContextFields {
    /** The store, as one unit of work: committed when the action returns, rolled back when it throws. Throws without the feature `data`. */
    readonly db: Db
  }

  interface ServerFields {
    /**
     * The store, for code outside actions: tasks, guards, processes, services. Open from `listen` until everything has ended. Throws
     * without the feature `data`.
     *
     * @example await server.db.transaction((db) => db.create(User, { email: 'ann@example.org' }))
     */
    readonly db: Database
  }
}
