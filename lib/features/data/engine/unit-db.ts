// The operations of `db` on one unit of work.

import { LockMode } from '@mikro-orm/core'
import { describe } from '../../../core/base/options.ts'
import { AmbiguousError, ConflictError, InvalidDataError, NotFoundError } from '../data-errors.ts'
import type { Db, DropOptions, HydrateOptions } from '../db.ts'
import type { Run } from '../durable/durable-store.ts'
import { type OwnStatements, ownStatements } from '../durable/own-statements.ts'
import { readFilter, readSort } from '../filter.ts'
import { maxPkLength } from '../kinds/reference.ts'
import type { ModelClass } from '../model.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Plans } from '../plans.ts'
import { Conditions, orderOf } from './conditions.ts'
import { dropRows } from './drop.ts'
import { hydrateRows } from './hydrate.ts'
import { missingReference, putRow } from './put-row.ts'
import { cascadeOf, depthOf, type RowsOptions, requireFindOptions, requireQueryOptions } from './read-options.ts'
import { listsIn, requireListed } from './reference-lists.ts'
import type { Unit } from './unit.ts'
import { filterOf } from './which-row.ts'

interface Options extends RowsOptions {
  /** The limit concerns the number of rows, not which ones. */
  readonly isAnyOrder?: boolean
}

/** The untyped implementation of Db: its types are in `db.ts`. */
export class UnitDb implements OwnStatements {
  readonly #unit: Unit
  readonly #plans: Plans

  private constructor(unit: Unit) {
    this.#unit = unit
    this.#plans = unit.engine.plans
  }

  [ownStatements]<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#unit.within(work)
  }

  static of(unit: Unit): Db {
    return new UnitDb(unit) as unknown as Db
  }

  async create(model: ModelClass, values: object): Promise<Row> {
    const plan = this.#plans.of(model)
    return this.#unit.put(
      () => plan.newRow(values),
      (row) => this.#put(plan, row),
      plan.name,
    )
  }

  async get(model: ModelClass, which: unknown, options: RowsOptions = {}): Promise<Row> {
    const plan = this.#plans.of(model)
    const row = await this.find(model, which, options)
    if (row !== undefined) return row
    const what = typeof which === 'string' ? `the pk ${describe(which)}` : 'these values'
    throw new NotFoundError(`there is no ${plan.name} with ${what}`, plan.name)
  }

  async find(model: ModelClass, which: unknown, options: RowsOptions = {}): Promise<Row | undefined> {
    const plan = this.#plans.of(model)
    const filter = filterOf(which, plan, this.#unit.owner)
    requireFindOptions(options)
    return this.#run(options, plan, async () => {
      const { manager } = this.#unit
      // The shortest way, unless MikroORM would answer from its own state without asking the store.
      const isPlainPk =
        typeof which === 'string' && which !== '' && which.length <= maxPkLength && options.lock !== true
      if (isPlainPk && manager.getUnitOfWork().getById(plan.name, which as never) === undefined)
        return ((await manager.findOne(plan.Entity as never, which as never)) ?? undefined) as Row | undefined
      const conditions = await this.#conditions(plan, filter)
      const rows = await this.#select(plan, conditions, { lock: options.lock, limit: 2, isAnyOrder: true })
      if (rows.length < 2) return rows[0]
      const count = await manager.count(plan.Entity as never, conditions.where() as never)
      throw new AmbiguousError(`${count} rows of ${plan.name} match, but exactly one was expected`, plan.name, count)
    })
  }

  async getOrCreate(model: ModelClass, values: object, more: object = {}): Promise<{ row: Row; isNew: boolean }> {
    const sought = await this.#plans.of(model).keptForms(values)
    for (;;) {
      const found = await this.find(model, sought)
      if (found !== undefined) return { row: found, isNew: false }
      try {
        return { row: await this.create(model, { ...more, ...values }), isNew: true }
      } catch (error) {
        // Another unit was faster: its row exists now, or the conflict is about another field.
        if (!(error instanceof ConflictError) || (await this.find(model, sought)) === undefined) throw error
      }
    }
  }

  async query(model: ModelClass, filter: unknown = {}, options: RowsOptions = {}): Promise<Row[]> {
    const plan = this.#plans.of(model)
    requireQueryOptions(options, this.#unit.engine.options.maxRows)
    return this.#run(options, plan, async () => this.#select(plan, await this.#conditions(plan, filter), options))
  }

  async count(model: ModelClass, filter: unknown = {}): Promise<number> {
    const plan = this.#plans.of(model)
    return this.#unit.read(async () => {
      const conditions = await this.#conditions(plan, filter)
      return this.#unit.manager.count(plan.Entity as never, conditions.where() as never)
    }, plan.name)
  }

  async update(first: unknown, second: object, third?: object): Promise<number> {
    const given = this.#given(first)
    if (given.rows !== undefined) return this.#change(given.rows, second)
    const { plan } = given
    const rows = await this.#run({ lock: true }, plan, async () =>
      this.#select(plan, await this.#conditions(plan, second), { lock: true }),
    )
    return this.#change(rows, third ?? {})
  }

  async drop(first: unknown, second?: object, third?: DropOptions): Promise<number> {
    const given = this.#given(first)
    const cascade = cascadeOf(given.rows === undefined ? third : (second as DropOptions | undefined))
    if (given.rows !== undefined) {
      const { rows } = given
      return this.#unit.write(() => dropRows(rows, cascade, this.#unit))
    }
    const { plan } = given
    if (second === undefined || second === null)
      throw new InvalidDataError(`drop(${plan.name}) needs a filter; {} means all rows`)
    return this.#unit.write(async () => {
      const rows = await this.#select(plan, await this.#conditions(plan, second), {})
      return dropRows(rows, cascade, this.#unit)
    }, plan.name)
  }

  async hydrate(which: Row | readonly Row[], options: HydrateOptions = {}): Promise<unknown> {
    const isList = Array.isArray(which)
    const rows = (isList ? which : [which]) as readonly Row[]
    const depth = depthOf(options)
    const dictionaries = await this.#unit.read(() => hydrateRows(rows, depth, this.#unit))
    return isList ? dictionaries : dictionaries[0]
  }

  flush(): Promise<void> {
    return this.#unit.flush()
  }

  commit(): Promise<void> {
    return this.#unit.commit()
  }

  /** A lock needs a transaction; plain reads do not. */
  #run<T>(options: Options, plan: ModelPlan, work: () => Promise<T>): Promise<T> {
    return options.lock === true ? this.#unit.write(work, plan.name) : this.#unit.read(work, plan.name)
  }

  #conditions(plan: ModelPlan, filter: unknown): Promise<Conditions> {
    const { engine, requireWanted } = this.#unit
    const { isPostgres, options, plans } = engine
    const parts = readFilter(filter, plan, plans)
    return Conditions.of(parts, plan, () => this.#unit.scanner, {
      plans,
      isPostgres,
      maxRows: options.maxRows,
      requireWanted,
    })
  }

  async #select(plan: ModelPlan, conditions: Conditions, options: Options): Promise<Row[]> {
    const { maxRows } = this.#unit.engine.options
    const steps = readSort(options.sort, plan, this.#plans)
    const { limit, offset, lock } = options
    const isPaged = options.isAnyOrder !== true && (limit !== undefined || offset !== undefined || steps.length > 0)
    const order = steps.map((step) => orderOf(step))
    const rows = (await this.#unit.manager.find(
      plan.Entity as never,
      conditions.where() as never,
      {
        // Pages are well-defined only if no two rows are equal.
        ...(isPaged ? { orderBy: [...order, { pk: 'asc' }] as never } : {}),
        limit: limit ?? (maxRows === Number.POSITIVE_INFINITY ? undefined : maxRows + 1),
        ...(offset === undefined ? {} : { offset }),
        // A locked row is read again: it may have changed.
        ...(lock === true ? { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } : {}),
      } as never,
    )) as unknown as Row[]
    if (limit === undefined && rows.length > maxRows)
      throw new InvalidDataError(
        `more than ${maxRows} rows of ${plan.name} match; set a limit, or raise data.maxRows`,
        {
          model: plan.name,
        },
      )
    return rows
  }

  async #put(plan: ModelPlan, row: Row): Promise<Row> {
    await requireListed(listsIn(plan, row), this.#unit)
    try {
      await putRow(row, this.#unit.manager)
    } catch (error) {
      throw (await missingReference(error, row, plan, this.#unit)) ?? error
    }
    this.#unit.changes.add('created', row)
    return row
  }

  async #change(rows: readonly Row[], values: object): Promise<number> {
    for (const plan of new Set(rows.map((row) => this.#plans.ofRow(row)))) {
      const changes = await plan.changesOf(values)
      const changed = rows.filter((row) => this.#plans.ofRow(row) === plan)
      const keys = Object.keys(changes)
      const before = changed.map((row) => [row, Object.fromEntries(keys.map((key) => [key, row[key]]))] as const)
      try {
        await this.#unit.flushTouched()
        for (const row of changed) Object.assign(row, changes)
        await this.#unit.flushTouched()
      } catch (error) {
        // Restores the rows, so that the action can continue.
        for (const [row, values] of before) Object.assign(row, values)
        throw error
      }
    }
    return rows.length
  }

  #given(first: unknown): { readonly rows: readonly Row[] } | { readonly rows: undefined; readonly plan: ModelPlan } {
    if (typeof first === 'function') return { rows: undefined, plan: this.#plans.of(first as ModelClass) }
    const rows = (Array.isArray(first) ? first : [first]) as readonly Row[]
    for (const row of rows) this.#plans.ofRow(row)
    return { rows }
  }
}
