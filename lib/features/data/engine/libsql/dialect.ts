// Connects knex to libsql. Its own dialect is for one connection of one process; this one lets the units of work of
// several processes share a file, as SQLite's write-ahead log allows: readers never wait, writers take turns.
//
//   begin() ──turn in this process──> connection ──BEGIN IMMEDIATE, retried while another process writes──> statements, COMMIT
//
// libsql runs a statement on the calling thread, so the event loop gets a turn between statements now and
// then, and what takes long after a COMMIT is done elsewhere, see checkpoints.ts.
import { statSync } from 'node:fs'
import { LibSqlKnexDialect } from '@mikro-orm/libsql'
import type { Slices } from '../slices.ts'
import { attach, detach, ownDatabase, storeSchema } from './attached-store.ts'
import { Checkpoints, copiesByItself } from './checkpoints.ts'
import { beginMember, type ConnectionPool, GroupCommit } from './group-commit.ts'
import { type DriverConnection, type RawConnection, rawConnection, rollBack } from './raw-connection.ts'
import { isBusy, whileBusy } from './while-busy.ts'
import type { WriteLock } from './write-lock.ts'

/** Transaction options in addition to knex's. */
export interface LibsqlTransactionConfig {
  /** Does not check references while it lasts. */
  readonly ignoresReferences?: boolean
  readonly readOnly?: boolean
  /** Its commit is on disk when it is answered, whatever the store's durability is, and others may share it. The text names its owner. */
  readonly durableFor?: string
  /** knex's own: the connection to use. */
  readonly connection?: RawConnection
}

interface Query {
  readonly sql: string
  readonly bindings?: readonly unknown[]
}

type Driver = new (filename: string) => DriverConnection

/** The part of knex's transaction that is used. */
interface Transaction {
  readonly readOnly: boolean | undefined
  begin(connection: RawConnection): Promise<void>
  acquireConnection<T>(config: LibsqlTransactionConfig, use: (connection: RawConnection) => Promise<T>): Promise<T>
}

export interface LibsqlOptions {
  /** Serializes the writers of this process. */
  readonly writeLock: WriteLock
  /** The time to wait for another process that writes. */
  readonly waitMs: number
  /** full: commits are on disk. normal: a power failure may lose the last commits, but never a part of one. */
  readonly durability: 'full' | 'normal'
  readonly slices: Slices
}

/** Statements that end a transaction or a part of it do not wait, because others may wait for that. */
const isEnd = /^(commit|rollback|release)/i
const isWholeEnd = /^(commit|rollback);?$/i
const isCommit = /^commit/i

/** The dialect of one store. */
export function libsqlDialect({ writeLock, waitMs, durability, slices }: LibsqlOptions): typeof LibSqlKnexDialect {
  const checkpoints = new Checkpoints()
  const groups = new GroupCommit({ writeLock, waitMs, durability, checkpoints })
  // `this` may be knex's copy for a transaction, which lacks what a constructor sets.
  return class extends LibSqlKnexDialect {
    declare readonly driver: Driver
    declare readonly connectionSettings: { readonly filename: string }

    override async acquireRawConnection(): Promise<RawConnection> {
      const { filename } = this.connectionSettings
      const connection = rawConnection(new this.driver(ownDatabase))
      try {
        await whileBusy(() => connection.exec(attach(filename)), waitMs)
        // Except for the first, these apply to one connection only.
        await whileBusy(() => connection.exec(`pragma ${storeSchema}.journal_mode = wal`), waitMs)
        connection.exec(`pragma ${storeSchema}.synchronous = ${durability}`)
        connection.exec('pragma foreign_keys = on')
        connection.exec(copiesByItself)
        connection.file = identityOf(filename)
        return connection
      } catch (error) {
        connection.close()
        throw error
      }
    }

    async destroyRawConnection(connection: RawConnection): Promise<void> {
      rollBack(connection)
      try {
        connection.exec(detach)
      } catch {
        // A statement still uses the file, which is closed when the statement is garbage collected.
      }
      connection.close()
    }

    /** False if the file has been replaced. */
    override validateConnection(connection: RawConnection): boolean {
      return connection.file === identityOf(this.connectionSettings.filename)
    }

    override async _query(connection: RawConnection, query: Query): Promise<unknown> {
      const { member } = connection
      if (isWholeEnd.test(query.sql)) {
        connection.endings = (connection.endings ?? 0) + 1
        if (member !== undefined) return member.end(isCommit.test(query.sql)).then(() => query)
      }
      const { endings } = connection
      if (!isEnd.test(query.sql)) for (let rest = slices.rest(); rest !== undefined; rest = slices.rest()) await rest
      let statement: unknown
      const once = { prepare: (sql: string) => (statement ??= connection.kept.take(sql) ?? connection.prepare(sql)) }
      const run = async (): Promise<unknown> => {
        // It would be committed separately, or in another transaction. The message is knex's own.
        if (connection.endings !== endings || (member !== undefined && !connection.inTransaction))
          throw new Error('Transaction query already complete')
        const answered = await super._query(once, query)
        connection.kept.giveBack(query.sql, statement, query.bindings ?? [])
        checkpoints.onStatement(query.sql)
        return answered
      }
      return run().catch((error) => {
        if (isBusy(error)) return again(run, connection, waitMs)
        if (member !== undefined && !connection.inTransaction) connection.fault ??= error
        throw error
      })
    }

    transaction(container: unknown, config: unknown, outer: unknown): Transaction {
      const transaction: Transaction = super['transaction'](container, config, outer)
      if (outer) return transaction
      const { readOnly } = transaction
      const acquireConnection = transaction.acquireConnection.bind(transaction)
      transaction.acquireConnection = async (options, use) => {
        const { durableFor } = options
        if (durableFor !== undefined)
          return groups.run(this as unknown as ConnectionPool, durableFor, (connection) =>
            acquireConnection({ ...options, connection }, use),
          )
        const end = readOnly === true ? undefined : await writeLock.take()
        try {
          return await acquireConnection(options, async (connection) => {
            try {
              return await endedFully(connection, withSettings(options, use))
            } finally {
              if (end !== undefined && checkpoints.isDue) await checkpoints.copy(connection)
            }
          })
        } finally {
          end?.()
        }
      }
      // Writers declare it at the start: a transaction that has already read cannot write any more once another process has
      // written. A rejected `exec` leaves no open statement behind.
      const begin = readOnly === true ? 'begin' : 'begin immediate'
      transaction.begin = async (connection) =>
        connection.member === undefined ? whileBusy(() => connection.exec(begin), waitMs) : beginMember(connection)
      return transaction
    }
  }
}

/** Runs a statement again that was rejected as busy, with the same values. */
async function again<T>(run: () => Promise<T>, connection: RawConnection, waitMs: number): Promise<T> {
  try {
    return await whileBusy(run, waitMs)
  } catch (error) {
    // The rejected statement stays open until it is run again, and keeps its connection at the old state of the file: libsql
    // cannot reset it.
    if (isBusy(error)) connection.__knex__disposed = error
    throw error
  }
}

type Use<T> = (connection: RawConnection) => Promise<T>

/** A transaction whose COMMIT was rejected stays open in libsql: the connection's next user would be inside it. */
async function endedFully<T>(connection: RawConnection, use: Use<T>): Promise<T> {
  try {
    return await use(connection)
  } finally {
    rollBack(connection)
  }
}

function withSettings<T>({ ignoresReferences }: LibsqlTransactionConfig, use: Use<T>): Use<T> {
  return ignoresReferences === true ? withoutReferences(use) : use
}

/** Not possible within a transaction. */
function withoutReferences<T>(use: Use<T>): Use<T> {
  return async (connection) => {
    connection.exec('pragma foreign_keys = off')
    try {
      return await use(connection)
    } finally {
      rollBack(connection)
      connection.exec('pragma foreign_keys = on')
    }
  }
}

/** Undefined for a store in memory, and if there is no file. */
function identityOf(filename: string): string | undefined {
  if (filename === ':memory:') return undefined
  const found = statSync(filename, { throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}
