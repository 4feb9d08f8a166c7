// The store as durable calls use it: statements with values, in transactions of their own.
import { monotonicNow, setTimeout } from '../../../core/base/platform-timers.ts'
import type { DurableStore, Row, Run, Value } from '../durable/durable-store.ts'
import { createTables } from '../durable/tables.ts'
import type { Engine, Manager } from './engine.ts'
import { storeSchema } from './libsql/attached-store.ts'
import { beginDurably } from './libsql/begin-durably.ts'
import { isAway, isBusyError, isDangling, isInterruption, storeError } from './store-errors.ts'

const retryEveryMs = 100

/** Creates the tables if `creates`. @throws StoreUnavailableError; ServerError if they are missing. */
export async function openDurableStore(engine: Engine, creates: boolean): Promise<DurableStore> {
  const { schema } = engine.options
  const store: DurableStore = {
    isPostgres: engine.isPostgres,
    nameOf: (table) => (schema === undefined ? table : `"${schema}".${table}`),
    read: (sql, values) => whileAway(engine, () => runIn(engine.fork(), sql, values)),
    transaction: (work) => whileAway(engine, () => transaction(engine, work)),
    lacksReference: isDangling,
  }
  if (creates) await createTables(store, engine.isPostgres ? (name) => name : (name) => `${storeSchema}.${name}`)
  return store
}

/** Runs a statement in the manager's transaction, if it has one. */
export async function runIn(manager: Manager, sql: string, values: readonly Value[] = []): Promise<readonly Row[]> {
  const query = manager.getKnex().raw(sql, values as never)
  const context = manager.getTransactionContext()
  if (context !== undefined) query.transacting(context as never)
  const result = (await query) as readonly Row[] | { readonly rows?: readonly Row[] }
  return Array.isArray(result) ? result : ((result as { readonly rows?: readonly Row[] }).rows ?? [])
}

async function transaction<T>(engine: Engine, work: (run: Run) => Promise<T>): Promise<T> {
  const manager = engine.fork()
  await beginDurably(engine, manager, 'records')
  try {
    const result = await work((sql, values) => runIn(manager, sql, values))
    await manager.commit()
    return result
  } catch (error) {
    await manager.rollback().catch(() => undefined)
    throw error
  }
}

async function whileAway<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  const givesUpAtMs = monotonicNow() + engine.options.waitMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isOver = engine.isClosed || isBusyError(error) || monotonicNow() + retryEveryMs >= givesUpAtMs
      // What was undone because of another transaction may succeed now.
      if (!(isAway(error) || isInterruption(error)) || isOver) throw storeError(error)
    }
    // Randomized, so that transactions that met do not meet again.
    await new Promise<void>((resolve) => setTimeout(resolve, retryEveryMs * (0.5 + Math.random() / 2)))
  }
}
