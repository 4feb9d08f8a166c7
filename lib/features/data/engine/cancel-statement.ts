// Cancels the statement that a transaction waits for, if nobody waits for the transaction any more. libsql's statements are
// over when they return; PostgreSQL's may wait for another transaction's lock.
import type { Engine, Manager } from './engine.ts'

interface RawConnection {
  readonly processID?: number
  query(sql: string, values: readonly unknown[]): Promise<unknown>
}

/** The part of knex's client that is used. */
interface KnexClient {
  acquireConnection(): Promise<RawConnection>
  acquireRawConnection(): Promise<RawConnection>
  destroyRawConnection(connection: RawConnection): Promise<void>
}

/**
 * Never rejects: if the cancellation fails, the statement's own time limit ends it. Uses a connection beside the
 * pool, all of whose connections may wait for the same lock.
 */
export async function cancelStatement(engine: Engine, manager: Manager): Promise<void> {
  if (!engine.isPostgres) return
  try {
    const pid = await backendOf(manager)
    if (pid === undefined) return
    const { client } = manager.getConnection().getKnex() as unknown as { readonly client: KnexClient }
    const connection = await client.acquireRawConnection()
    try {
      await connection.query('select pg_cancel_backend($1)', [pid])
    } finally {
      await client.destroyRawConnection(connection)
    }
  } catch {
    // See above.
  }
}

/** The PostgreSQL process of the transaction; undefined if there is none. */
export async function backendOf(manager: Manager): Promise<number | undefined> {
  const transaction = manager.getTransactionContext() as { readonly client: KnexClient } | undefined
  return (await transaction?.client.acquireConnection())?.processID
}
