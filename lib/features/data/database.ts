// A store of models: opened once, used by units of work. Leaves the work to the engine, which is loaded when the store
// opens.
import { brand } from '../../core/base/brand.ts'
import { ServerError } from '../../core/base/errors.ts'
import { OpenedOnce } from '../../core/base/opened-once.ts'
import { checkOptions, type OptionTable } from '../../core/base/option-table.ts'
import { requirePackages } from '../../core/base/optional-packages.ts'
import type { DataOptions, ResolvedDataOptions } from './data-options.ts'
import { resolveDataOptions } from './data-options.ts'
import type { Db } from './db.ts'
import type { DurableStore } from './durable/durable-store.ts'
import type { StoreHints } from './durable/store-hints.ts'
import type { ChangePublisher } from './engine/change-log.ts'
import type { Engine } from './engine/engine.ts'
import type { openUnit } from './engine/open-unit.ts'
import { type FileOptions, fileOptions, type LoadOptions, type LoadReport, loadOptions } from './files.ts'
import { type MigrateOptions, type Migration, migrateOptions } from './migration.ts'
import type { ModelClass } from './model.ts'
import type { OpenUnit, UnitOwner } from './open-unit.ts'
import { Plans } from './plans.ts'

export interface TransactionOptions {
  /** Aborts the operations, and rolls the work back if it throws because of that. */
  readonly signal?: AbortSignal | undefined
}

const transactionOptions: OptionTable<TransactionOptions> = { signal: 'any' }

/** The packages that every store of this kind needs. Rarely used parts request theirs on use: CSV files, passwords, regular expressions. */
function packagesFor({ place, directory, format }: ResolvedDataOptions): string[] {
  const driver = place.kind === 'postgresql' ? '@mikro-orm/postgresql' : '@mikro-orm/libsql'
  const files = directory !== undefined && format === 'csv' ? ['csv-parse', 'csv-stringify'] : []
  return ['@mikro-orm/core', driver, ...files]
}

interface OpenStore {
  readonly engine: Engine
  readonly openUnit: typeof openUnit
}

/** The names of methods that are not for users: completion does not list them. */
export const beginUnit: unique symbol = Symbol('beginUnit')
export const durableStore: unique symbol = Symbol('durableStore')
export const storeHints: unique symbol = Symbol('storeHints')

/**
 * A store of models. The feature `data(...)` creates one for its server; it can also be used without a server.
 *
 * @example
 * await using database = await new Database({ models: [User], url: 'file:app.db' }).open()
 * await database.migrate()
 * const user = await database.transaction((db) => db.create(User, { email: 'ann@example.org' }))
 */
export class Database implements AsyncDisposable {
  readonly #options: ResolvedDataOptions
  readonly #plans: Plans
  readonly #publisher: ChangePublisher | undefined
  #store: OpenStore | undefined
  readonly #opened = new OpenedOnce(() => this.#connect())
  #closing: Promise<void> | undefined
  #isClosed = false

  /** @throws ClientError: `INVALID_OPTION` that names the wrong option or the model's field; `MISSING_PACKAGE`. */
  constructor(options: DataOptions, publisher?: ChangePublisher) {
    this.#options = resolveDataOptions(options)
    requirePackages('isock/data', packagesFor(this.#options))
    this.#plans = new Plans(options.models)
    this.#publisher = publisher
  }

  /** The options, with the defaults filled in. */
  get options(): ResolvedDataOptions {
    return this.#options
  }

  /** The model classes. */
  get models(): readonly ModelClass[] {
    return this.#plans.all.map(({ model }) => model)
  }

  /**
   * Connects to the store.
   *
   * @throws StoreUnavailableError; ServerError (`INVALID_USAGE`) if it was closed.
   */
  async open(): Promise<this> {
    if (this.#isClosed) throw new ServerError('this database was closed; create another one', { code: 'INVALID_USAGE' })
    this.#store = await this.#opened.get()
    return this
  }

  /** Runs work as one unit: committed when its promise resolves, rolled back when it rejects. */
  async transaction<T>(work: (db: Db) => Promise<T> | T, options: TransactionOptions = {}): Promise<T> {
    checkOptions('transaction', options, transactionOptions)
    const unit = this[beginUnit]({ signal: options.signal, label: 'a transaction outside of actions' })
    let result: T
    try {
      result = await work(unit.db)
    } catch (error) {
      await unit.finish(false)
      throw error
    }
    await unit.finish(true)
    return result
  }

  /** Begins a unit of work, which its owner ends. */
  [beginUnit](owner: UnitOwner): OpenUnit {
    const { engine, openUnit } = this.#requireStore()
    return openUnit(engine, this.#publisher, owner)
  }

  /** Statements for durable calls, whose tables are created unless the option `migrate` is false. */
  async [durableStore](): Promise<DurableStore> {
    const { openDurableStore } = await import('./engine/durable-store.ts')
    return openDurableStore(this.#requireStore().engine, this.#options.migrate)
  }

  /** How servers of this store learn from each other that it has changed. `report`: gets the reason why they learn it late. */
  async [storeHints](report: (error: unknown) => void): Promise<StoreHints> {
    const { place } = this.#options
    if (place.kind === 'libsql') return new (await import('./engine/file-hints.ts')).FileHints(place.path)
    return new (await import('./engine/postgres-hints.ts')).PostgresHints(this.#requireStore().engine, report)
  }

  /**
   * Adds missing tables and fields. Reports removed fields, and drops them only if requested.
   *
   * @throws InvalidDataError if a field has another type in the store, or existing rows cannot get a value.
   */
  async migrate(options: MigrateOptions = {}): Promise<Migration> {
    checkOptions('migrate', options, migrateOptions)
    const { migrate } = await import('./engine/migrate.ts')
    return migrate(this.#requireStore().engine, options)
  }

  /**
   * Writes every table to a file in a directory, including secret fields, readable by this user only. Returns the number of rows.
   *
   * @example await database.save('backup', { format: 'csv' })
   */
  async save(directory: string, options: FileOptions = {}): Promise<number> {
    checkOptions('save', options, fileOptions)
    const { saveTables } = await import('./engine/save.ts')
    return saveTables(this.#requireStore().engine, directory, options)
  }

  /**
   * Loads every table that has a file in a directory, in full or not at all, holding few rows at a time. Returns the number of rows;
   * with `ignoreUnknown` also the ignored columns.
   *
   * @throws InvalidDataError that names file, row and column; ConflictError.
   * @example
   * const { rows, ignored } = await database.load('backup', { format: 'csv', ignoreUnknown: true })
   * for (const { file, columns } of ignored) console.warn(`${file}: ${columns.join(', ')} left out`)
   */
  load(directory: string, options: LoadOptions & { readonly ignoreUnknown: true }): Promise<LoadReport>
  load(directory: string, options?: LoadOptions & { readonly ignoreUnknown?: false }): Promise<number>
  load(directory: string, options?: LoadOptions): Promise<number | LoadReport>
  async load(directory: string, options: LoadOptions = {}): Promise<number | LoadReport> {
    checkOptions('load', options, loadOptions)
    const { loadTables } = await import('./engine/load.ts')
    const report = await loadTables(this.#requireStore().engine, directory, options)
    return options.ignoreUnknown === true ? report : report.rows
  }

  /** Releases the store. Running units are rolled back, and fail. Waits for a running load or save. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const store = await this.#opened.ifOpened()
    this.#store = undefined
    await store?.engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #connect(): Promise<OpenStore> {
    const [{ Engine }, { openUnit }] = await Promise.all([
      import('./engine/engine.ts'),
      import('./engine/open-unit.ts'),
    ])
    return { engine: await Engine.open(this.#plans, this.#options, this.#publisher), openUnit }
  }

  #requireStore(): OpenStore {
    if (this.#store !== undefined) return this.#store
    const message = this.#isClosed ? 'this database was closed' : 'this database is not open; await open() first'
    throw new ServerError(message, { code: 'INVALID_USAGE' })
  }
}

brand('isock.Database', Database)
