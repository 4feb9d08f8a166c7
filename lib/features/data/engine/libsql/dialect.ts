// How knex talks to libsql. Its own dialect is for one connection of one process; what is here lets the units of work of
// several processes share a file, as SQLite's write-ahead log allows: readers never wait, writers take turns.
//
//   begin() ──turn in this process──> connection ──BEGIN IMMEDIATE, again while another process writes──> statements, COMMIT
//
// libsql runs a statement in the thread that asks for it. So there is a turn of the event loop between statements now and
// then.
import { statSync } from 'node:fs'
import { LibSqlKnexDialect } from '@mikro-orm/libsql'
import type { Slices } from '../slices.ts'
import { attach, detach, ownDatabase, storeSchema } from './attached-store.ts'
import type { Turns } from './turns.ts'
import { isBusy, whileBusy } from './while-busy.ts'

/** What a transaction may be asked for beside what knex knows. */
export interface LibsqlTransactionConfig {
  /** References are not looked at while it lasts. */
  readonly ignoresReferences?: boolean
  readonly readOnly?: boolean
}

interface Query {
  readonly sql: string
}

interface RawConnection {
  readonly inTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): unknown
  close(): void
  /** Which file it has open. */
  file: string | undefined
  /** How many transactions have ended on it. */
  endings?: number
  /** What it must not be used again for: knex's own field. */
  __knex__disposed?: unknown
}

type Driver = new (filename: string) => RawConnection

/** What there is of knex's transaction. */
interface Transaction {
  readonly readOnly: boolean | undefined
  begin(connection: RawConnection): Promise<void>
  acquireConnection<T>(config: LibsqlTransactionConfig, use: (connection: RawConnection) => Promise<T>): Promise<T>
}

export interface LibsqlOptions {
  /** To write. */
  readonly turns: Turns
  /** For another process that writes. */
  readonly waitMs: number
  /** Full: what is committed is on the disk. Normal: a power failure may take the last commits, of which none is torn. */
  readonly durability: 'full' | 'normal'
  readonly slices: Slices
}

/** What ends a transaction or a part of it does not wait: others may wait for that. */
const isEnd = /^(commit|rollback|release)/i
const isWholeEnd = /^(commit|rollback);?$/i

/** The dialect of one store. */
export function libsqlDialect({ turns, waitMs, durability, slices }: LibsqlOptions): typeof LibSqlKnexDialect {
  // Its `this` may be knex's copy for a transaction, without what a constructor sets.
  return class extends LibSqlKnexDialect {
    declare readonly driver: Driver
    declare readonly connectionSettings: { readonly filename: string }

    override async acquireRawConnection(): Promise<RawConnection> {
      const { filename } = this.connectionSettings
      const connection = new this.driver(ownDatabase)
      try {
        await whileBusy(() => connection.exec(attach(filename)), waitMs)
        // These hold for one connection only, but the first.
        await whileBusy(() => connection.exec(`pragma ${storeSchema}.journal_mode = wal`), waitMs)
        connection.exec(`pragma ${storeSchema}.synchronous = ${durability}`)
        connection.exec('pragma foreign_keys = on')
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
        // A statement still uses the file, which is closed when that is collected.
      }
      connection.close()
    }

    /** False where the file is another one by now. */
    override validateConnection(connection: RawConnection): boolean {
      return connection.file === identityOf(this.connectionSettings.filename)
    }

    override async _query(connection: RawConnection, query: Query): Promise<unknown> {
      if (isWholeEnd.test(query.sql)) connection.endings = (connection.endings ?? 0) + 1
      const { endings } = connection
      if (!isEnd.test(query.sql)) for (let rest = slices.rest(); rest !== undefined; rest = slices.rest()) await rest
      let statement: unknown
      const once = { prepare: (sql: string) => (statement ??= connection.prepare(sql)) }
      const run = async (): Promise<unknown> => {
        // It would be kept by itself, or be part of somebody else's. These are knex's own words for it.
        if (connection.endings !== endings) throw new Error('Transaction query already complete')
        return super._query(once, query)
      }
      return run().catch((error) => {
        if (isBusy(error)) return again(run, connection, waitMs)
        throw error
      })
    }

    transaction(container: unknown, config: unknown, outer: unknown): Transaction {
      const transaction: Transaction = super['transaction'](container, config, outer)
      if (outer) return transaction
      const { readOnly } = transaction
      const acquireConnection = transaction.acquireConnection.bind(transaction)
      transaction.acquireConnection = async (options, use) => {
        const end = readOnly === true ? undefined : await turns.take()
        try {
          return await acquireConnection(options, (connection) =>
            toItsEnd(connection, options.ignoresReferences === true ? withoutReferences(use) : use),
          )
        } finally {
          end?.()
        }
      }
      // Who writes says so at once: a transaction that has read before cannot write any more where another process has
      // written meanwhile. What `exec` begins leaves no statement behind where it is refused.
      const begin = readOnly === true ? 'begin' : 'begin immediate'
      transaction.begin = (connection) => whileBusy(() => connection.exec(begin), waitMs)
      return transaction
    }
  }
}

/** A statement that was refused as busy is run again, with what it has. */
async function again<T>(run: () => Promise<T>, connection: RawConnection, waitMs: number): Promise<T> {
  try {
    return await whileBusy(run, waitMs)
  } catch (error) {
    // It stays begun until it is run again, and keeps its connection at what the file was then: libsql has no call that
    // resets it.
    if (isBusy(error)) connection.__knex__disposed = error
    throw error
  }
}

type Use<T> = (connection: RawConnection) => Promise<T>

/** A transaction whose COMMIT was refused goes on in libsql: whoever has its connection next would be within it. */
async function toItsEnd<T>(connection: RawConnection, use: Use<T>): Promise<T> {
  try {
    return await use(connection)
  } finally {
    rollBack(connection)
  }
}

function rollBack(connection: RawConnection): void {
  try {
    if (connection.inTransaction) connection.exec('rollback')
  } catch (error) {
    connection.__knex__disposed = error
  }
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

/** Undefined for a store in memory, and where there is no file. */
function identityOf(filename: string): string | undefined {
  if (filename === ':memory:') return undefined
  const found = statSync(filename, { throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}
