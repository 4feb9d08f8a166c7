// Begins a transaction whose commit is on disk when it is answered, whatever the store's durability is. On a libsql file it may share that
// commit with others, see group-commit.ts; PostgreSQL ends one that does nothing for long, see idle-transactions.ts.
import type { Engine, Manager } from '../engine.ts'
import { idleLimitMs, type LimitedTransactionConfig } from '../idle-transactions.ts'
import type { LibsqlTransactionConfig } from './dialect.ts'

/** `owner`: names what has the transaction. */
export async function beginDurably(engine: Engine, manager: Manager, owner: string): Promise<void> {
  const limited: LimitedTransactionConfig = { mayIdleMs: idleLimitMs(engine.options) }
  const shared: LibsqlTransactionConfig = { durableFor: owner }
  const config = engine.isPostgres ? limited : shared
  manager.setTransactionContext(await manager.getKnex().transaction(config as object))
}
