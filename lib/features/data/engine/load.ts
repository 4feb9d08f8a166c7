// Loads tables from files. Each file is read and checked completely before the first row is written, and read again to write
// its rows, all in one transaction. Holds few rows at a time: what needs all of them, unique values and
// references, is left to the store, and searched in the files only if the store rejected something.
import { InvalidDataError } from '../data-errors.ts'
import type { LoadOptions, LoadReport } from '../files.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Engine, Manager } from './engine.ts'
import { InsertRows } from './insert-rows.ts'
import { finishPublishing } from './publish-files.ts'
import { pksThere } from './reference-lists.ts'
import { isDangling, storeError } from './store-errors.ts'
import { TableSource } from './table-source.ts'

const maxRowsAtOnce = 500
/** Bounded, because rows may be large. */
const maxLengthAtOnce = 4 * 1024 * 1024

/** @throws InvalidDataError; ConflictError. */
export async function loadTables(engine: Engine, directory: string, options: LoadOptions): Promise<LoadReport> {
  const sources: TableSource[] = []
  try {
    await finishPublishing(directory)
    for (const plan of engine.plans.all) {
      const { format = 'json', ignoreUnknown = false } = options
      const source = await TableSource.open(directory, plan, { format, ignoresUnknown: ignoreUnknown })
      if (source !== undefined) sources.push(source)
    }
    const rows = await new Load(engine, sources, options).perform()
    const ignored = sources
      .map(({ plan, file, ignoredColumns }) => ({ model: plan.name, file, columns: [...ignoredColumns] }))
      .filter(({ columns }) => columns.length > 0)
    return { rows, ignored }
  } catch (error) {
    throw storeError(error)
  } finally {
    for (const source of sources) await source.close()
  }
}

class Load {
  readonly #engine: Engine
  readonly #manager: Manager
  readonly #sources: readonly TableSource[]
  readonly #options: LoadOptions
  /** The number of rows of each file. */
  readonly #totals = new Map<TableSource, number>()

  constructor(engine: Engine, sources: readonly TableSource[], options: LoadOptions) {
    this.#engine = engine
    this.#manager = engine.fork()
    this.#sources = sources
    this.#options = options
  }

  async perform(): Promise<number> {
    for (const source of this.#sources) {
      let total = 0
      for await (const { rows } of this.#batchesOf(source)) total += rows.length
      this.#totals.set(source, total)
    }
    await this.#manager.begin()
    try {
      await this.#write()
      await this.#manager.commit()
    } catch (error) {
      if (this.#manager.isInTransaction()) await this.#manager.rollback().catch(() => undefined)
      throw error
    }
    return [...this.#totals.values()].reduce((sum, total) => sum + total, 0)
  }

  async #write(): Promise<void> {
    // Until the end of the transaction, so that the order of the tables does not matter.
    await this.#execute(this.#engine.isPostgres ? 'set constraints all deferred' : 'pragma defer_foreign_keys = on')
    if (this.#options.replace === true)
      for (const { plan } of this.#sources) await this.#manager.nativeDelete(plan.Entity as never, {})
    for (const source of this.#sources) {
      const { plan } = source
      const inserting = new InsertRows(plan, this.#manager)
      const total = this.#totals.get(source) as number
      let done = 0
      for await (const { rows, first } of this.#batchesOf(source)) {
        await inserting.insert(rows, first)
        done += rows.length
        this.#options.onProgress?.({ model: plan.name, done, total })
      }
      // Otherwise the written rows might differ from the checked ones.
      await source.requireUnchanged()
    }
    await this.#requireTargets()
  }

  /** The rows of a file in batches. `first` is the number in the file of the first row. */
  async *#batchesOf(source: TableSource): AsyncGenerator<{ readonly rows: Row[]; readonly first: number }> {
    let rows: Row[] = []
    let first = 1
    let heldLength = 0
    for await (const { row, length } of source.rows()) {
      rows.push(row)
      heldLength += length
      if (rows.length < maxRowsAtOnce && heldLength < maxLengthAtOnce) continue
      this.#options.signal?.throwIfAborted()
      yield { rows, first }
      first += rows.length
      rows = []
      heldLength = 0
    }
    this.#options.signal?.throwIfAborted()
    if (rows.length > 0) yield { rows, first }
  }

  /** Checks that every reference points to a row of a file, or to one that stays. */
  async #requireTargets(): Promise<void> {
    for (const source of this.#sources) await this.#requireListed(source)
    if (this.#engine.isPostgres) {
      await this.#execute('savepoint targets')
      try {
        await this.#execute('set constraints all immediate')
      } catch (error) {
        if (!isDangling(error)) throw error
        await this.#execute('rollback to savepoint targets')
        for (const source of this.#sources) await this.#findDangling(source)
        throw error
      }
      return
    }
    for (const source of this.#sources) {
      const found = await this.#execute(`select 1 from pragma_foreign_key_check('${source.plan.name}') limit 1`)
      if ((found as unknown as readonly unknown[]).length > 0) await this.#findDangling(source)
    }
  }

  /** The store does not check lists. @throws InvalidDataError for the file's first row that lists a missing row. */
  async #requireListed(source: TableSource): Promise<void> {
    const { plan } = source
    const lists = plan.listNames
    if (lists.length === 0) return
    for await (const { rows, first } of this.#batchesOf(source)) {
      for (const field of lists) {
        const target = this.#engine.plans.target(plan, field)
        const pks = new Set(rows.flatMap((row) => row[field] as string[]))
        const there = await pksThere(target, [...pks], this.#engine, this.#manager, 'read')
        const at = rows.findIndex((row) => (row[field] as string[]).some((pk) => !there.has(pk)))
        if (at >= 0) throw this.#nothingThere(plan, field, target, first + at)
      }
    }
  }

  #nothingThere({ name }: ModelPlan, field: string, target: ModelPlan, row: number): InvalidDataError {
    const message = `${name}, row ${row}, column ${field}: there is no ${target.name} with this pk; nothing was loaded`
    return new InvalidDataError(message, { model: name, field, row })
  }

  /** @throws InvalidDataError for the file's first row that points to a missing row. */
  async #findDangling(source: TableSource): Promise<void> {
    const { plan } = source
    for await (const { rows, first } of this.#batchesOf(source)) {
      const faults: { readonly field: string; readonly at: number; readonly target: ModelPlan }[] = []
      for (const field of plan.referenceNames) {
        const target = this.#engine.plans.target(plan, field)
        const there = await this.#pksOf(target, [...new Set(rows.map((row) => row[field] as string | null))])
        const at = rows.findIndex((row) => row[field] !== null && !there.has(row[field] as string))
        if (at >= 0) faults.push({ field, at, target })
      }
      const [fault] = faults.sort((one, other) => one.at - other.at)
      if (fault === undefined) continue
      const { field, target } = fault
      throw this.#nothingThere(plan, field, target, first + fault.at)
    }
  }

  async #pksOf(plan: ModelPlan, pks: readonly (string | null)[]): Promise<ReadonlySet<string>> {
    const scanner = this.#manager.fork({ clear: true, keepTransactionContext: true, useContext: false })
    const wanted = pks.filter((pk) => pk !== null)
    const found = await scanner.find(plan.Entity as never, { pk: { $in: wanted } } as never, {
      fields: ['pk'] as never,
    })
    return new Set((found as unknown as Row[]).map(({ pk }) => pk))
  }

  #execute(sql: string): Promise<unknown> {
    return this.#manager.getConnection().execute(sql, [], 'all', this.#manager.getTransactionContext())
  }
}
