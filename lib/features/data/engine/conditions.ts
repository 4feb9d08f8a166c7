// Converts a filter to MikroORM's form. Regular expressions and extremes are looked up first and become values, so that
// the store can also sort, limit and count those.
import { type QueryOrderMap, raw } from '@mikro-orm/core'
import { monotonicNow, setImmediate } from '../../../core/base/platform-timers.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { FieldPath, Part, SortStep, Term } from '../filter.ts'
import { kindOf } from '../kinds/kinds.ts'
import type { ModelPlan, Row } from '../plan.ts'
import type { Plans } from '../plans.ts'
import type { Manager } from './engine.ts'
import { readPattern } from './pattern.ts'

type Where = Record<PropertyKey, unknown>

export interface ConditionsOptions {
  readonly plans: Plans
  readonly isPostgres: boolean
  /** The most rows that a regular expression may match. */
  readonly maxRows: number
  /** Throws if nobody waits any more. */
  readonly requireWanted: () => void
}

/** The number of rows that are loaded for inspection. */
const pageSize = 1_000
/** How long rows are inspected between two turns of the event loop. */
const atOnceMs = 10

export class Conditions {
  readonly #plan: ModelPlan
  readonly #options: ConditionsOptions
  /** Called for each statement, because MikroORM's raw values can be used only once. */
  readonly #makers: (() => Where)[] = []

  private constructor(plan: ModelPlan, options: ConditionsOptions) {
    this.#plan = plan
    this.#options = options
  }

  /** Looks up in the store, through a `scanner`, what must be known first. */
  static async of(terms: readonly Term[], plan: ModelPlan, scanner: () => Manager, options: ConditionsOptions) {
    const conditions = new Conditions(plan, options)
    const rank = ({ operator }: Term): number =>
      operator === 'min' || operator === 'max' ? 2 : operator === 'matches' ? 1 : 0
    for (const term of [...terms].sort((one, other) => rank(one) - rank(other))) {
      if (rank(term) === 0) conditions.#makers.push(() => conditions.#whereOf(term))
      else if (rank(term) === 1) await conditions.#addPattern(term as Part, scanner())
      else await conditions.#addExtreme(term as Part, scanner())
    }
    return conditions
  }

  /** The condition for one statement. Conditions on the model's own fields need no `$and`, which MikroORM would walk several times. */
  where(): Where {
    const all = this.#makers.map((make) => make())
    const merged: Where = Object.assign({}, ...all)
    const keys = all.reduce((sum, each) => sum + Reflect.ownKeys(each).length, 0)
    return Reflect.ownKeys(merged).length === keys ? merged : { $and: all }
  }

  #whereOf(term: Term): Where {
    if (!('parts' in term)) return this.#simple(term)
    return { [`$${term.operator}`]: term.parts.map((part) => this.#whereOf(part)) }
  }

  #simple({ path, operator, value }: Part): Where {
    switch (operator) {
      case 'eq':
        // MikroORM looks for keys in a bare value, and a text has as many keys as characters.
        return at(path, typeof value === 'object' || isLong(value) ? { $eq: value } : value)
      case 'ne':
        return value === null ? at(path, { $ne: null }) : { $or: [at(path, { $ne: value }), at(path, { $eq: null })] }
      case 'ge':
        return at(path, { $gte: value })
      case 'le':
        return at(path, { $lte: value })
      case 'in':
      case 'nin':
        return listed(path, operator, value as unknown[])
      case 'contains':
        return this.#containing(path, value)
      case 'lacks':
        return { $or: [{ $not: this.#containing(path, value) }, at(path, { $eq: null })] }
      default:
        return at(path, { [`$${operator}`]: value })
    }
  }

  #containing(path: FieldPath, value: unknown): Where {
    const { isPostgres } = this.#options
    if (kindOf(path.spec).filters.contains === 'text')
      return rawAt(path, isPostgres ? 'strpos(?c, ?) > 0' : 'instr(?c, ?) > 0', value)
    if (isPostgres) return rawAt(path, '?c @> ?::jsonb', JSON.stringify([value]))
    if (typeof value === 'boolean')
      return rawAt(path, 'exists (select 1 from json_each(?c) where type = ?)', String(value))
    const type = typeof value === 'string' ? "type = 'text'" : "type in ('integer', 'real')"
    return rawAt(path, `exists (select 1 from json_each(?c) where ${type} and value = ?)`, value)
  }

  async #addPattern({ path, value }: Part, manager: Manager): Promise<void> {
    const { maxRows, isPostgres, requireWanted } = this.#options
    const matches = await readPattern(value as string, `${path.plan.name}.${path.field}`)
    const isOwn = path.references.length === 0
    const stored = path.plan.storedName(path.field)
    const found: string[] = []
    let last: string | undefined
    let restsAtMs = monotonicNow() + atOnceMs
    const rest = async (): Promise<void> => {
      await new Promise<void>((resolve) => setImmediate(resolve))
      requireWanted()
    }
    for (;;) {
      const and: Where[] = isOwn ? [this.where()] : []
      if (last !== undefined) and.push({ pk: { $gt: last } })
      const rows = (await manager
        .createQueryBuilder(path.plan.Entity as never, 'e')
        .select(['pk', stored] as never)
        .where({ $and: [...and, { [stored]: { $ne: null } }] } as never)
        .orderBy({ pk: 'asc' } as never)
        .limit(pageSize)
        .execute('all')) as unknown as Record<string, string>[]
      for (const row of rows) {
        if (matches(row[stored] as string)) found.push(row['pk'] as string)
        if (monotonicNow() < restsAtMs) continue
        await rest()
        restsAtMs = monotonicNow() + atOnceMs
      }
      if (found.length > maxRows)
        throw new InvalidDataError(
          `${path.plan.name}.${path.field}: the expression matches more than ${maxRows} rows; add other conditions`,
        )
      if (rows.length < pageSize) break
      last = rows.at(-1)?.['pk']
      await rest()
    }
    const pks = JSON.stringify(found)
    const pkPath = { ...path, field: 'pk' }
    const sql = isPostgres
      ? '?c in (select jsonb_array_elements_text(?::jsonb))'
      : '?c in (select value from json_each(?))'
    this.#makers.push(() => rawAt(pkPath, sql, pks))
  }

  async #addExtreme({ path, operator }: Part, manager: Manager): Promise<void> {
    const { plans } = this.#options
    const [first] = (await manager.find(
      this.#plan.Entity as never,
      { $and: [this.where(), at(path, { $ne: null })] } as never,
      { orderBy: [orderOf({ path, isDescending: operator === 'max' })] as never, limit: 1 },
    )) as unknown as Row[]
    let row: Row | undefined = first
    let plan = this.#plan
    for (const reference of path.references) {
      plan = plans.target(plan, reference)
      if (row !== undefined)
        row = ((await manager.findOne(plan.Entity as never, row[reference] as never)) ?? undefined) as Row | undefined
    }
    const value = row === undefined ? null : row[plan.storedName(path.field)]
    // Without rows, there is no extreme.
    this.#makers.push(() => (value === null ? { pk: { $in: [] } } : at(path, { $eq: value })))
  }
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > 100
}

/** Nulls come first, or last in descending order. */
export function orderOf({ path, isDescending }: SortStep): QueryOrderMap<object> {
  return at(path, isDescending ? 'desc nulls last' : 'asc nulls first') as QueryOrderMap<object>
}

function listed(path: FieldPath, operator: 'in' | 'nin', values: readonly unknown[]): Where {
  const others = values.filter((value) => value !== null)
  const hasNull = others.length < values.length
  if (operator === 'in') {
    const isIn = at(path, { $in: others })
    return hasNull ? { $or: [isIn, at(path, { $eq: null })] } : isIn
  }
  const isNotIn = at(path, { $nin: others })
  return hasNull ? { $and: [isNotIn, at(path, { $ne: null })] } : { $or: [isNotIn, at(path, { $eq: null })] }
}

function at({ references, plan, field }: FieldPath, condition: unknown): Where {
  return nest(references, { [plan.storedName(field)]: condition })
}

/** `?c` is the column. Field names consist of letters, digits and _, so they are safe in a statement. */
function rawAt({ references, field }: FieldPath, sql: string, value: unknown): Where {
  const fragment = raw((alias: string) => sql.replace('?c', `${alias}."${field}"`), [value])
  return nest(references, { [fragment as unknown as string]: [] })
}

function nest(references: readonly string[], inner: Where): Where {
  return references.reduceRight<Where>((nested, reference) => ({ [reference]: nested }), inner)
}
