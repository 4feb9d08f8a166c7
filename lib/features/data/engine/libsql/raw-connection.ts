// A connection of libsql, as its driver has it, with what this dialect keeps on it.
import { createRequire } from 'node:module'
import { KeptStatements } from './kept-statements.ts'

/** The transaction that uses a connection which others use after it, see group-commit.ts. */
export interface GroupMember {
  /** Ends it. Settles when what it did is committed, or is undone. */
  end(isKept: boolean): Promise<void>
}

export interface RawConnection {
  readonly inTransaction: boolean
  exec(sql: string): void
  /** The same in a thread of the driver, where that is possible: the event loop keeps running. */
  execLater(sql: string): Promise<void>
  prepare(sql: string): unknown
  close(): void
  /** The file that it has open. */
  file: string | undefined
  readonly kept: KeptStatements
  /** The number of transactions that have ended on it. */
  endings?: number
  /** Why it must not be used again: knex's own field. */
  __knex__disposed?: unknown
  member?: GroupMember | undefined
  /** The error of a statement that has ended the whole transaction of a group, which is not committed. */
  fault?: unknown
}

/** As the driver makes it. */
export interface DriverConnection extends Omit<RawConnection, 'file' | 'kept' | 'execLater'> {
  /** False when it is closed. */
  readonly open: boolean
}

type ExecLater = (this: DriverConnection, sql: string) => Promise<void>

/**
 * How statements run in a thread. `load` loads the driver's other form of a connection, which works with the handle of this one, too; in
 * a program that a bundler has made one file of it is not found, and they run in the server's thread.
 */
export function execLaterOf(load: () => unknown): ExecLater {
  try {
    return (load() as { readonly prototype: { readonly exec: ExecLater } }).prototype.exec
  } catch {
    return async function (this, sql) {
      this.exec(sql)
    }
  }
}

const execLater = execLaterOf(() => createRequire(import.meta.resolve('@mikro-orm/libsql'))('libsql/promise'))

/**
 * A connection of this dialect. It may be asked whether it is in a transaction when it is closed, for which the driver would end the
 * process.
 */
export function rawConnection(connection: DriverConnection): RawConnection {
  return Object.create(connection, {
    kept: { value: new KeptStatements() },
    inTransaction: {
      get(this: DriverConnection) {
        return this.open && connection.inTransaction
      },
    },
    execLater: { value: async (sql: string) => execLater.call(connection, sql) },
  }) as RawConnection
}

/** Rolls back what is open. A connection that cannot do so is not used again. */
export function rollBack(connection: RawConnection): void {
  try {
    if (connection.inTransaction) connection.exec('rollback')
  } catch (error) {
    connection.__knex__disposed = error
  }
}
