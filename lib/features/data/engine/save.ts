// Writes all tables to files: a single snapshot of the store, each file complete or absent.
import { IsolationLevel } from '@mikro-orm/core'
import type { FileOptions } from '../files.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Engine, Manager } from './engine.ts'
import { publishFiles } from './publish-files.ts'
import { storeError } from './store-errors.ts'
import { createTableFile, type TableFile } from './table-files.ts'

const maxRowsAtOnce = 1_000
/** The size of the first page, which shows how large rows are. */
const firstRowsAtOnce = 100
/** The text held at a time, if the rows of a page are about as large as those of the page before. */
const lengthAtOnce = 8 * 1024 * 1024

/** Returns the number of rows written. */
export async function saveTables(engine: Engine, directory: string, options: FileOptions): Promise<number> {
  const manager = engine.fork()
  const files: TableFile[] = []
  let count = 0
  let isCommitted = false
  try {
    await manager.begin({
      readOnly: true,
      ...(engine.isPostgres ? { isolationLevel: IsolationLevel.REPEATABLE_READ } : {}),
    })
    try {
      for (const plan of engine.plans.all) {
        const file = await createTableFile(directory, plan, options.format ?? 'json')
        files.push(file)
        count += await saveTable(plan, file, manager, options)
        await file.end()
      }
    } finally {
      await manager.rollback()
    }
    await publishFiles(directory, files, () => {
      isCommitted = true
    })
    return count
  } catch (error) {
    if (!isCommitted) for (const file of files) await file.discard()
    throw storeError(error)
  }
}

async function saveTable(plan: ModelPlan, file: TableFile, manager: Manager, options: FileOptions): Promise<number> {
  const total = await manager.count(plan.Entity as never)
  let done = 0
  let last: string | undefined
  for (let rowsAtOnce = firstRowsAtOnce; ; ) {
    options.signal?.throwIfAborted()
    // A page's rows are released before the next one.
    const page = manager.fork({ clear: true, keepTransactionContext: true, useContext: false }) as Manager
    const where = last === undefined ? {} : { pk: { $gt: last } }
    const found = await page.find(plan.Entity as never, where as never, {
      orderBy: { pk: 'asc' } as never,
      limit: rowsAtOnce,
    })
    const rows = found as unknown as Row[]
    const length = await file.write(rows.map((row) => recordOf(row, plan)))
    done += rows.length
    if (rows.length > 0 || total === 0) options.onProgress?.({ model: plan.name, done, total })
    if (rows.length < rowsAtOnce) return done
    last = rows.at(-1)?.pk
    rowsAtOnce = Math.max(1, Math.min(maxRowsAtOnce, Math.floor((lengthAtOnce * rows.length) / length)))
  }
}

function recordOf(row: Row, plan: ModelPlan): Record<string, unknown> {
  return Object.fromEntries([...plan.fields.keys()].map((name) => [name, row[plan.storedName(name)]]))
}
