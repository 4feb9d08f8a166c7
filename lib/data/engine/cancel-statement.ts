// Ends the statement that a transaction waits for, where nobody waits for the transaction any more. libsql's are over when
// they return; PostgreSQL's may wait for somebody else's lock.
import type { Engine, Manager } from './engine.ts'

interface KnexTransaction {
  readonly client: { acquireConnection(): Promise<{ readonly processID?: number }> }
}

/** Never rejects: where it does not come through, the statement's own time limit ends it. */
export async function cancelStatement(engine: Engine, manager: Manager): Promise<void> {
  if (!engine.isPostgres) return
  try {
    const transaction = manager.getTransactionContext() as KnexTransaction | undefined
    const connection = await transaction?.client.acquireConnection()
    const pid = connection?.processID
    if (pid !== undefined) await engine.fork().getConnection().execute('select pg_cancel_backend(?)', [pid])
  } catch {
    // See above.
  }
}
