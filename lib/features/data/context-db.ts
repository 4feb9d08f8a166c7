// What data add to the types of contexts and servers.
import type { Database } from './database.ts'
import type { Db } from './db.ts'

declare module '../../core/action/context.ts' {
  interface ContextFields {
    /** The store, as one unit of work: committed when the action returns, rolled back when it throws. Throws where there is none. */
    readonly db: Db
  }

  interface ServerFields {
    /**
     * The store, for what is no action: tasks, guards, processes, services. Open from `listen` until everything has ended. Throws
     * where there is none.
     *
     * @example await server.db.transaction((db) => db.create(User, { email: 'ann@example.org' }))
     */
    readonly db: Database
  }
}
