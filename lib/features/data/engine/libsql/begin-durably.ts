// Begins a transaction whose commit is on disk when it is answered, whatever the store's durability is. On a libsql file it may share that
// commit with others, see group-commit.ts.
import type { Engine, Manager } from '../engine.ts'
import type { LibsqlTransactionConfig } from './dialect.ts'

/** `owner`: names what has the transaction. */
export async function beginDurably(engine: Engine, manager: Manager, owner: string): Promise<void> {
  if (engine.isPostgres) return manager.begin()
  const config: LibsqlTransactionConfig = { durableFor: owner }
  manager.setTransactionContext(await manager.getKnex().transaction(config as object))
}
