// `isock data ...`: opens the store of some models, performs one operation, and closes it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { printable } from '../core/base/terminal-text.ts'
import { takeSecrets } from '../daemon/secret-variables.ts'
import {
  and,
  contains,
  eq,
  ge,
  gt,
  le,
  lt,
  matches,
  max,
  min,
  ne,
  noneOf,
  not,
  oneOf,
  or,
} from '../features/data/condition.ts'
import type { DataOptions, FileFormat } from '../features/data/data-options.ts'
import { Database } from '../features/data/database.ts'
import type { Db } from '../features/data/db.ts'
import type { FileProgress } from '../features/data/files.ts'
import { modelNameOf } from '../features/data/model.ts'
import { exportedData, exportedModels } from '../modules/exported-data.ts'
import { type LoadedModule, loadModules } from '../modules/load-modules.ts'
import { openShell } from './data-shell.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, debugText, exitCodeOf, messageOf, usageFailure } from './failure.ts'
import { Interruption } from './interruption.ts'
import { print } from './output.ts'
import { progressBar } from './redrawn-block.ts'

export interface StoreCommandOptions {
  readonly url?: string
  readonly schema?: string
}

export interface MigrateCommandOptions extends StoreCommandOptions {
  readonly dryRun?: boolean
  readonly drop?: boolean
  readonly recompute?: boolean
}

export interface ExportOptions extends StoreCommandOptions {
  readonly format: FileFormat
}

export interface ImportOptions extends ExportOptions {
  readonly replace?: boolean
  readonly ignoreUnknown?: boolean
}

export function migrateData(modules: readonly string[], options: MigrateCommandOptions): Promise<void> {
  return withDatabase(modules, options, async (database) => {
    const { dryRun = false, drop = false, recompute = false } = options
    const { statements, removedFields, computedFields } = await database.migrate({ dryRun, drop, recompute })
    for (const statement of statements) await print(`${statement};\n`)
    for (const name of removedFields)
      await print(
        `${name}: no model has this field any more; it is ${drop ? 'dropped' : 'kept (--drop drops it)'}\n`,
        process.stderr,
      )
    for (const name of computedFields)
      await print(`${name}: ${dryRun ? 'would be' : 'was'} computed for the existing rows\n`, process.stderr)
    const done = dryRun ? 'dry run, nothing was changed' : `${statements.length} statements done`
    await print(`${statements.length + computedFields.length === 0 ? 'nothing to do' : done}\n`, process.stderr)
  })
}

export function exportData(directory: string, modules: readonly string[], options: ExportOptions): Promise<void> {
  return withDatabase(modules, options, async (database, signal) => {
    const { format } = options
    const count = await database.save(directory, { format, signal, onProgress: showProgress })
    await print(`${count} rows of ${database.models.length} models written to ${directory}\n`, process.stderr)
  })
}

export function importData(directory: string, modules: readonly string[], options: ImportOptions): Promise<void> {
  return withDatabase(modules, options, async (database, signal) => {
    const { format, replace = false, ignoreUnknown = false } = options
    const files = database.models.map((model) => `${modelNameOf(model)}.${format}`)
    if (!files.some((file) => existsSync(join(directory, file))))
      throw new CommandFailure(`${directory} has no file for any model: ${files.join(', ')}`, exitCodes.failed)
    await database.migrate()
    const loaded = await database.load(directory, { format, replace, ignoreUnknown, signal, onProgress: showProgress })
    const { rows, ignored } = typeof loaded === 'number' ? { rows: loaded, ignored: [] } : loaded
    for (const { file, columns } of ignored)
      await print(`${file}: ignored columns without a field: ${columns.join(', ')}\n`, process.stderr)
    await print(`${rows} rows loaded from ${directory}\n`, process.stderr)
  })
}

export function openDataShell(modules: readonly string[], options: StoreCommandOptions): Promise<void> {
  return withDatabase(modules, options, async (database) => {
    const models = database.models.map((model): [string, unknown] => [modelNameOf(model), model])
    // A model's name wins over a condition's.
    await openShell({ ...conditions, db: eachCommitted(database), database, ...Object.fromEntries(models) })
  })
}

const conditions = { and, contains, eq, ge, gt, le, lt, matches, max, min, ne, noneOf, not, oneOf, or }

/** Commits each operation in a transaction of its own. */
function eachCommitted(database: Database): Partial<Db> {
  const names = ['create', 'get', 'find', 'getOrCreate', 'query', 'count', 'update', 'drop', 'hydrate'] as const
  const operations = names.map((name) => [
    name,
    (...args: readonly unknown[]) =>
      database.transaction((db) => (db[name] as (...given: readonly unknown[]) => Promise<unknown>)(...args)),
  ])
  return Object.fromEntries(operations) as Partial<Db>
}

async function withDatabase(
  modules: readonly string[],
  options: StoreCommandOptions,
  work: (database: Database, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interruption = new Interruption()
  // Already read into --url.
  takeSecrets(process.env)
  try {
    await using database = new Database(storeOf(await loadModules(modules), options))
    await database.open()
    interruption.signal.throwIfAborted()
    await work(database, interruption.signal)
  } catch (error) {
    const line = `isock: ${messageOf(error)}\n`
    if (interruption.exitCode === undefined) await print(`${debugText(error)}${line}`, process.stderr)
    process.exitCode = interruption.exitCode ?? exitCodeOf(error, false)
  } finally {
    interruption.close()
  }
}

/** From the command's options, else from the export `data` of the modules. */
function storeOf(modules: readonly LoadedModule[], given: StoreCommandOptions): DataOptions {
  const exported = exportedData(modules)
  const models = exported?.models ?? exportedModels(modules)
  const { url = exported?.url, schema = given.url === undefined ? exported?.schema : undefined } = given
  if (models.length === 0)
    throw new CommandFailure(`no model is exported by ${modules.map(({ path }) => path).join(', ')}`, exitCodes.failed)
  if (url === undefined)
    throw usageFailure('which store? Give --url, or ISOCK_DATA_URL, or let a module export data = { url }')
  if (url === 'memory:') throw usageFailure('a store in memory is empty; give --url file:<path> or postgres://...')
  const limits = bounds.filter((name) => exported?.[name] !== undefined).map((name) => [name, exported?.[name]])
  return { models, url, ...(schema === undefined ? {} : { schema }), ...(Object.fromEntries(limits) as object) }
}

/** The options of the export `data` that apply to any store. */
const bounds = ['waitMs', 'statementTimeoutMs', 'idleTransactionMs', 'maxConnections', 'maxRows'] as const

/** A bar for each model on a terminal, a line for each elsewhere. */
function showProgress({ model, done, total }: FileProgress): void {
  const { isTTY } = process.stderr
  if (isTTY) {
    const end = done === total ? '\n' : ''
    process.stderr.write(`\r${printable(model)}  ${progressBar(done, total)}\u001b[K${end}`)
  } else if (done === total) process.stderr.write(`${model}: ${done} rows\n`)
}
