// Loads tables from files: all rows are read and checked before the first one is written, and all are written or none.
import { ConflictError, InvalidDataError } from '../../base/data-errors.ts'
import type { LoadOptions } from '../files.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Engine, Manager } from './engine.ts'
import { finishPublishing } from './publish-files.ts'
import { storeError } from './store-errors.ts'
import { type FileRow, readTableFile } from './table-files.ts'

const rowsAtOnce = 500

type Tables = ReadonlyMap<ModelPlan, readonly Row[]>

/** Gives how many rows were loaded. */
export async function loadTables(engine: Engine, directory: string, options: LoadOptions): Promise<number> {
  const tables = await readTables(engine, directory, options)
  for (const [plan, rows] of tables) requireUnique(plan, rows)
  const manager = engine.fork()
  try {
    await manager.begin()
    try {
      await deferReferences(engine, manager)
      if (options.replace === true)
        for (const plan of tables.keys()) await manager.nativeDelete(plan.Entity as never, {})
      for (const [plan, rows] of tables) await requireTargets(plan, rows, tables, engine, manager, options)
      for (const [plan, rows] of tables) await insert(plan, rows, manager, options)
      await manager.commit()
    } catch (error) {
      if (manager.isInTransaction()) await manager.rollback().catch(() => undefined)
      throw error
    }
  } catch (error) {
    throw storeError(error)
  }
  return [...tables.values()].reduce((sum, rows) => sum + rows.length, 0)
}

async function readTables(engine: Engine, directory: string, options: LoadOptions): Promise<Tables> {
  await finishPublishing(directory)
  const tables = new Map<ModelPlan, readonly Row[]>()
  for (const plan of engine.plans.all) {
    options.signal?.throwIfAborted()
    const records = await readTableFile(directory, plan, options.format ?? 'json')
    if (records !== undefined)
      tables.set(
        plan,
        records.map((record, at) => rowOf(record, plan, at + 1)),
      )
  }
  return tables
}

/** As it was kept: what is set now is not transformed again. */
function rowOf(record: FileRow, plan: ModelPlan, at: number): Row {
  const row = Object.create(plan.Entity.prototype as object) as Row
  for (const [field, spec] of plan.fields) {
    const value = record[field] === undefined ? (spec.makeDefault?.() ?? null) : record[field]
    if (value === null && !spec.isOptional)
      throw new InvalidDataError(`${plan.name}, row ${at}, column ${field}: it is missing; nothing was loaded`, {
        model: plan.name,
        field,
        row: at,
      })
    row[plan.storedName(field)] = value
  }
  return row
}

function requireUnique(plan: ModelPlan, rows: readonly Row[]): void {
  for (const [field, { isUnique }] of plan.fields) {
    if (!isUnique && field !== 'pk') continue
    const seen = new Set<unknown>()
    for (const [at, row] of rows.entries()) {
      const value = row[plan.storedName(field)]
      if (value === null) continue
      const key = value instanceof Date ? value.getTime() : value
      if (seen.has(key))
        throw new ConflictError(
          `${plan.name}, row ${at + 1}, column ${field}: another row has this value; nothing was loaded`,
          {
            model: plan.name,
            field,
          },
        )
      seen.add(key)
    }
  }
}

/** Every reference points to a row of a file, or to one that stays. */
async function requireTargets(
  plan: ModelPlan,
  rows: readonly Row[],
  tables: Tables,
  engine: Engine,
  manager: Manager,
  options: LoadOptions,
): Promise<void> {
  for (const [field, { kind }] of plan.fields) {
    if (kind !== 'reference') continue
    const target = engine.plans.target(plan, field)
    const loaded = new Set(tables.get(target)?.map(({ pk }) => pk as string))
    const missing = rows.flatMap((row, at) => {
      const pk = row[field] as string | null
      return pk === null || loaded.has(pk) ? [] : [{ pk, at }]
    })
    const staying = new Set<string>()
    for (let from = 0; from < missing.length && !(options.replace === true && tables.has(target)); from += rowsAtOnce) {
      const pks = missing.slice(from, from + rowsAtOnce).map(({ pk }) => pk)
      const found = await manager.find(target.Entity as never, { pk: { $in: pks } } as never, {
        fields: ['pk'] as never,
      })
      for (const row of found as unknown as Row[]) staying.add(row.pk)
    }
    const first = missing.find(({ pk }) => !staying.has(pk))
    if (first === undefined) continue
    const row = first.at + 1
    const message = `${plan.name}, row ${row}, column ${field}: there is no ${target.name} with this pk; nothing was loaded`
    throw new InvalidDataError(message, { model: plan.name, field, row })
  }
}

async function insert(plan: ModelPlan, rows: readonly Row[], manager: Manager, options: LoadOptions): Promise<void> {
  for (let done = 0; done < rows.length; ) {
    options.signal?.throwIfAborted()
    const some = rows.slice(done, done + rowsAtOnce)
    await manager.insertMany(some as never)
    done += some.length
    options.onProgress?.({ model: plan.name, done, total: rows.length })
  }
}

/** Until the end of the transaction, so that the order of the tables does not matter. */
async function deferReferences(engine: Engine, manager: Manager): Promise<void> {
  const sql = engine.isPostgres ? 'set constraints all deferred' : 'pragma defer_foreign_keys = on'
  await manager.getConnection().execute(sql, [], 'run', manager.getTransactionContext())
}
