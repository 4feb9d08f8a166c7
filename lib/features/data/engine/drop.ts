// Drops rows and their cascade: rows that they point to, and rows that point to them.

import { describe } from '../../../core/base/options.ts'
import { ConflictError, InvalidDataError } from '../data-errors.ts'
import type { ModelPlan, Row } from '../plan.ts'
import { byPlan } from '../plans.ts'
import { takeOutOfLists } from './reference-lists.ts'
import { isDangling } from './store-errors.ts'
import type { Unit } from './unit.ts'

const maxSteps = 16
const pksAtOnce = 500

/** Returns how many of `rows` were dropped. */
export async function dropRows(rows: readonly Row[], cascade: unknown, unit: Unit): Promise<number> {
  const groups = [...byPlan(rows, unit.engine.plans)]
  const paths = readCascade(
    cascade,
    groups.map(([plan]) => plan),
    unit,
  )
  const drop = new Drop(unit)
  for (const [plan, group] of groups) await drop.gather(plan, group, paths)
  await drop.perform()
  return rows.length
}

/** Paths of references, or a model with a reference of it. */
type CascadePath = readonly string[]

class Drop {
  readonly #unit: Unit
  /** Rows that point to others come before them. */
  readonly #order: { readonly plan: ModelPlan; readonly rows: Row[] }[] = []
  readonly #known = new Set<Row>()

  constructor(unit: Unit) {
    this.#unit = unit
  }

  async gather(plan: ModelPlan, given: readonly Row[], paths: readonly CascadePath[]): Promise<void> {
    const rows = given.filter((row) => !this.#known.has(row))
    if (rows.length === 0) return
    for (const row of rows) this.#known.add(row)
    for (const { from, field } of this.#unit.engine.plans.referencesTo(plan)) {
      const isNamed = paths.some((path) => path.length === 2 && path[0] === from.name && path[1] === field)
      if (isNamed)
        await this.gather(
          from,
          await this.#load(
            from,
            field,
            rows.map(({ pk }) => pk),
          ),
          paths,
        )
    }
    this.#order.push({ plan, rows })
    const referrers = paths.filter((path) => this.#unit.engine.plans.named(path[0] as string) !== undefined)
    for (const [reference, rests] of firstSteps(paths, plan)) {
      const pks = [...new Set(rows.map((row) => row[reference]).filter((pk) => pk !== null))]
      const target = this.#unit.engine.plans.target(plan, reference)
      await this.gather(target, await this.#load(target, 'pk', pks), [...rests, ...referrers])
    }
  }

  async perform(): Promise<void> {
    const { manager, changes, requireWanted } = this.#unit
    await this.#cutCycles()
    for (const { plan, rows } of this.#order) {
      requireWanted()
      for (const row of rows) changes.add('dropped', row)
      try {
        // In one statement, because rows of one model may refer to each other.
        await this.#execute(plan, 'delete from ?t', rows)
      } catch (error) {
        throw isDangling(error) ? this.#stillReferred(plan) : error
      }
    }
    for (const { rows } of this.#order) for (const row of rows) manager.getUnitOfWork().unsetIdentity(row as never)
    // Last, so that lists which another unit wrote meanwhile are found.
    for (const { plan, rows } of this.#order)
      await takeOutOfLists(
        plan,
        rows.map(({ pk }) => pk),
        this.#unit,
      )
  }

  /** Sets optional references to null that would point to a row dropped earlier. */
  async #cutCycles(): Promise<void> {
    const { plans } = this.#unit.engine
    const places = new Map<string, number>()
    for (const [at, { plan, rows }] of this.#order.entries())
      for (const { pk } of rows) places.set(`${plan.name} ${pk}`, at)
    for (const [at, { plan, rows }] of this.#order.entries()) {
      for (const field of plan.referenceNames) {
        if (!plan.fields.get(field)?.isOptional) continue
        const target = plans.target(plan, field).name
        const early = rows.filter((row) => (places.get(`${target} ${String(row[field])}`) ?? at) < at)
        if (early.length > 0) await this.#execute(plan, `update ?t set "${field}" = null`, early)
      }
    }
  }

  /** `?t` is the table. Names consist of letters, digits and _. */
  async #execute(plan: ModelPlan, statement: string, rows: readonly Row[]): Promise<void> {
    const { manager, engine } = this.#unit
    const { schema } = engine.options
    const table = schema === undefined ? `"${plan.name}"` : `"${schema}"."${plan.name}"`
    const listed = engine.isPostgres ? 'jsonb_array_elements_text(?::jsonb)' : 'json_each(?)'
    const sql = `${statement.replace('?t', table)} where "pk" in (select value from ${listed})`
    const pks = JSON.stringify(rows.map(({ pk }) => pk))
    await manager.getConnection().execute(sql, [pks], 'run', manager.getTransactionContext())
  }

  #stillReferred(plan: ModelPlan): ConflictError {
    const names = this.#unit.engine.plans.referencesTo(plan).map(({ from, field }) => `${from.name}.${field}`)
    const message = `rows of ${plan.name} are still referred to; drop what refers to them first, or with them: cascade: ['${names.join("', '")}']`
    return new ConflictError(message, { model: plan.name })
  }

  async #load(plan: ModelPlan, field: string, pks: readonly unknown[]): Promise<Row[]> {
    const rows: Row[] = []
    for (const some of inParts(pks)) {
      this.#unit.requireWanted()
      const found = await this.#unit.manager.find(plan.Entity as never, { [field]: { $in: some } } as never)
      // Not spread: many rows may be found.
      for (const row of found as unknown as Row[]) rows.push(row)
    }
    return rows
  }
}

function* inParts<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += pksAtOnce) yield list.slice(at, at + pksAtOnce)
}

/** The references of this model with which paths begin, and the rest of those paths. */
function firstSteps(paths: readonly CascadePath[], plan: ModelPlan): Map<string, CascadePath[]> {
  const steps = new Map<string, CascadePath[]>()
  for (const [first, ...rest] of paths) {
    if (first === undefined || !plan.referenceNames.includes(first)) continue
    const rests = steps.get(first)
    if (rests === undefined) steps.set(first, [rest])
    else rests.push(rest)
  }
  return steps
}

/** @throws InvalidDataError for a name that is not a reference. */
function readCascade(cascade: unknown, dropped: readonly ModelPlan[], unit: Unit): CascadePath[] {
  if (!Array.isArray(cascade)) throw new InvalidDataError(`cascade: expected a list of names, got ${describe(cascade)}`)
  const { plans } = unit.engine
  return cascade.map((name: unknown) => {
    const path = typeof name === 'string' ? name.split('.') : []
    if (path.length === 0 || path.length > maxSteps)
      throw new InvalidDataError(`cascade: ${describe(name)} is not a name`)
    const named = plans.named(path[0] as string)
    const isReferrer = path.length === 2 && named?.referenceNames.includes(path[1] as string)
    if (!isReferrer) for (const plan of dropped) requireReferences(path, plan, name)
    return path
  })

  function requireReferences(path: readonly string[], plan: ModelPlan, name: unknown): void {
    let at = plan
    for (const step of path) {
      if (!at.referenceNames.includes(step))
        throw new InvalidDataError(
          `cascade: ${describe(name)} is neither a reference of ${plan.name} nor a model with a reference of it`,
        )
      at = plans.target(at, step)
    }
  }
}
