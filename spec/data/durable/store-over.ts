// A store for what durable calls write, over a function that gets each statement.
import type { DurableStore, Run } from '../../../lib/features/data/durable/durable-store.ts'

export function storeOver(run: Run): DurableStore {
  return {
    isPostgres: true,
    nameOf: (table) => table,
    read: run,
    transaction: (work) => work(run),
    lacksReference: () => false,
  }
}
