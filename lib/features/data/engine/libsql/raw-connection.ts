// A connection of libsql, as its driver has it, with what this dialect keeps on it.

/** The transaction that uses a connection which others use after it, see group-commit.ts. */
export interface GroupMember {
  /** Ends it. Settles when what it did is committed, or is undone. */
  end(isKept: boolean): Promise<void>
}

export interface RawConnection {
  readonly inTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): unknown
  close(): void
  /** The file that it has open. */
  file: string | undefined
  /** The number of transactions that have ended on it. */
  endings?: number
  /** Why it must not be used again: knex's own field. */
  __knex__disposed?: unknown
  member?: GroupMember | undefined
  /** The error of a statement that has ended the whole transaction of a group, which is not committed. */
  fault?: unknown
}

/** As the driver makes it. */
export interface DriverConnection extends Omit<RawConnection, 'file'> {
  /** False when it is closed. */
  readonly open: boolean
}

/** A connection that may still be asked whether it is in a transaction when it is closed: the driver would end the process. */
export function askableWhenClosed(connection: DriverConnection): RawConnection {
  return Object.create(connection, {
    inTransaction: {
      get(this: DriverConnection) {
        return this.open && connection.inTransaction
      },
    },
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
