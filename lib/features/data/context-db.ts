// Where the types of a context and of a server learn of data: whoever loads isock's types has these fields with them.
import type { Database } from './database.ts'
import type { Db } from './db.ts'

declare module '../../core/action/context.ts' {
  interface Context<in Item = never> {
    /** The store, as one unit of work: committed when the action returns, rolled back when it throws. Throws where there is none. */
    readonly db: Db
  }

  interface ServerView {
    /** The store, for what is no action: tasks, guards, processes, services. Throws where there is none. */
    readonly db: Database
  }
}
