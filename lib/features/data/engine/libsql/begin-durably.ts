// Begins a transaction whose commit is on disk when it is answered, whatever the store's durability is.
import type { Engine, Manager } from '../engine.ts'
import type { LibsqlTransactionConfig } from './dialect.ts'

export async function beginDurably(engine: Engine, manager: Manager): Promise<void> {
  if (engine.isPostgres || engine.options.durability === 'full') return manager.begin()
  const config: LibsqlTransactionConfig = { isDurable: true }
  manager.setTransactionContext(await manager.getKnex().transaction(config as object))
}
