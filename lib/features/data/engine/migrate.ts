// Migrates the store's tables to the models: adds what is missing, reports what is obsolete. Drops nothing unless
// requested, and changes nothing if a type does not fit.
import { InvalidDataError } from '../data-errors.ts'
import { storeFormOf } from '../kinds/kinds.ts'
import type { MigrateOptions, Migration } from '../migration.ts'
import type { ModelPlan } from '../plan.ts'
import { computedFields, computeRows } from './compute-rows.ts'
import type { Engine, Manager } from './engine.ts'
import { type ExistingTable, readTables } from './existing-tables.ts'
import { requireDistinct, requireNoNulls, requireTargets } from './fitting-rows.ts'
import { createdInStore, storeSchema } from './libsql/attached-store.ts'
import type { LibsqlTransactionConfig } from './libsql/dialect.ts'
import { literalFor } from './literals.ts'
import { hasOtherReferences, outdatedRules } from './outdated.ts'
import { storeError } from './store-errors.ts'

/** @throws InvalidDataError that names the fields, ConflictError, StoreUnavailableError. */
export async function migrate(engine: Engine, options: MigrateOptions): Promise<Migration> {
  const manager = engine.fork()
  try {
    try {
      await begin(engine, manager, options)
      const migration = await migrateWithin(engine, manager, options)
      if (options.dryRun === true) await manager.rollback()
      else await manager.commit()
      return migration
    } catch (error) {
      if (manager.isInTransaction()) await manager.rollback().catch(() => undefined)
      throw error
    }
  } catch (error) {
    throw storeError(error)
  }
}

/** A dry run only reads, and blocks no writers. In libsql a table is replaced while others refer to it. */
async function begin(engine: Engine, manager: Manager, { dryRun = false }: MigrateOptions): Promise<void> {
  if (engine.isPostgres) return manager.begin({ readOnly: dryRun })
  const config: LibsqlTransactionConfig = { ignoresReferences: true, readOnly: dryRun }
  manager.setTransactionContext(await manager.getKnex().transaction(config as object))
}

async function migrateWithin(engine: Engine, manager: Manager, options: MigrateOptions): Promise<Migration> {
  // If two servers start simultaneously, the second one waits, and finds everything done.
  if (engine.isPostgres) await run(manager, ["select pg_advisory_xact_lock(hashtext('isock.migrate'))"])
  const tables = await readTables(engine, manager)
  const removed = engine.plans.all.flatMap((plan) =>
    removedColumns(plan, tables.get(plan.name)).map((name) => `${plan.name}.${name}`),
  )
  requireTypes(engine, tables)
  const wanted = new WantedSql(await engine.orm.schema.getCreateSchemaSQL({ wrap: false }))
  const statements: string[] = tables.size > 0 ? [] : [...wanted.schemas]
  /** Indexes and constraints, added once the rows have their values. */
  const rules: string[] = []
  const gone = new Set<string>()
  for (const plan of engine.plans.all) {
    const table = tables.get(plan.name)
    for (const { name, sql } of table === undefined ? [] : outdatedRules(plan, table, engine)) {
      gone.add(`${plan.name} ${name}`)
      statements.push(sql)
    }
    if (table === undefined) statements.push(wanted.table(plan.name))
    else if (engine.isPostgres) statements.push(...(await alterTable(plan, table, engine, manager, options)))
    else statements.push(...(await rebuildTable(plan, table, wanted, engine, manager, options)))
  }
  for (const plan of engine.plans.all) {
    const table = tables.get(plan.name)
    const isRebuilt = !engine.isPostgres && statements.some((sql) => sql.includes(`rename to "${plan.name}"`))
    for (const { name, sql } of wanted.extras(plan.name))
      if (isRebuilt || !table?.names.has(name) || gone.has(`${plan.name} ${name}`)) rules.push(sql)
    for (const [field, { isUnique }] of plan.fields)
      if (isUnique && table?.columns.has(field) && !table.names.has(`${plan.name}_${field}_unique`))
        await requireDistinct(plan, field, table, manager)
    if (table !== undefined) await requireNewTargets(plan, table, tables, engine, manager)
  }
  const computed = computedFields(engine.plans, tables, options)
  if (options.dryRun !== true) {
    const inStore = engine.isPostgres ? (sql: string) => sql : createdInStore
    await run(manager, statements.map(inStore))
    for (const { plan } of computed) await computeRows(plan, manager)
    await run(manager, rules.map(inStore))
    if (!engine.isPostgres && statements.length + rules.length > 0) await requireReferences(manager)
  }
  return {
    statements: [...statements, ...rules],
    removedFields: removed,
    computedFields: computed.flatMap(({ plan, fields }) => fields.map((field) => `${plan.name}.${field}`)),
  }
}

/** For references that the store does not have yet. */
async function requireNewTargets(
  plan: ModelPlan,
  table: ExistingTable,
  tables: ReadonlyMap<string, ExistingTable>,
  engine: Engine,
  manager: Manager,
): Promise<void> {
  for (const field of plan.referenceNames) {
    if (!table.columns.has(field)) continue
    const { name } = engine.plans.target(plan, field)
    if (table.references.get(field)?.target === name) continue
    await requireTargets(plan, field, table, { name, table: tables.get(name) }, manager)
  }
}

/** The statements that would create the whole schema, by table. */
class WantedSql {
  readonly #all: readonly string[]

  constructor(sql: string) {
    this.#all = sql
      .split(';')
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '')
  }

  get schemas(): string[] {
    return this.#all.filter((sql) => sql.startsWith('create schema'))
  }

  table(name: string): string {
    return this.#all.find(
      (sql) => sql.startsWith('create table ') && nameIn(sql, /^create table \S*?["`](\w+)["`] \(/) === name,
    ) as string
  }

  /** Indexes and constraints with statements of their own. */
  extras(table: string): { readonly name: string; readonly sql: string }[] {
    return this.#all.flatMap((sql) => {
      const index = /^create (?:unique )?index ["`](\w+)["`] on \S*?["`](\w+)["`] \(/.exec(sql)
      const constraint = /^alter table \S*?["`](\w+)["`] add constraint ["`](\w+)["`]/.exec(sql)
      if (index?.[2] === table) return [{ name: index[1] as string, sql }]
      if (constraint?.[1] === table) return [{ name: constraint[2] as string, sql }]
      return []
    })
  }
}

function nameIn(sql: string, pattern: RegExp): string | undefined {
  return pattern.exec(sql)?.[1]
}

async function alterTable(
  plan: ModelPlan,
  table: ExistingTable,
  engine: Engine,
  manager: Manager,
  options: MigrateOptions,
) {
  const at = `alter table ${table.quoted}`
  const statements: string[] = []
  for (const [field, spec] of plan.fields) {
    const column = table.columns.get(field)
    const type = storeFormOf(spec, true).column
    if (column === undefined && spec.isOptional) statements.push(`${at} add column "${field}" ${type} null`)
    else if (column === undefined) {
      const value = await literalFor(plan, field, table, engine, manager)
      if (value === undefined) statements.push(`${at} add column "${field}" ${type} not null`)
      else
        statements.push(
          `${at} add column "${field}" ${type} not null default ${value}`,
          `${at} alter column "${field}" drop default`,
        )
    } else if (spec.isOptional && !column.isNullable) statements.push(`${at} alter column "${field}" drop not null`)
    else if (!spec.isOptional && column.isNullable && field !== 'pk') {
      await requireNoNulls(plan, field, table, manager)
      statements.push(`${at} alter column "${field}" set not null`)
    }
  }
  for (const name of removedColumns(plan, table)) {
    if (options.drop === true) statements.push(`${at} drop column "${name}"`)
    else if (!table.columns.get(name)?.isNullable) statements.push(`${at} alter column "${name}" drop not null`)
  }
  return statements
}

/** libsql cannot change columns: the table is created again, and its rows are copied. */
async function rebuildTable(
  plan: ModelPlan,
  table: ExistingTable,
  wanted: WantedSql,
  engine: Engine,
  manager: Manager,
  options: MigrateOptions,
): Promise<string[]> {
  const removed = removedColumns(plan, table)
  const kept = options.drop === true ? [] : removed
  let isSame =
    kept.length === removed.length &&
    kept.every((name) => table.columns.get(name)?.isNullable) &&
    !hasOtherReferences(plan, table, engine)
  const copies: [column: string, from: string][] = kept.map((name) => [`"${name}"`, `"${name}"`])
  for (const [field, spec] of plan.fields) {
    const column = table.columns.get(field)
    if (column === undefined) {
      isSame = false
      const value = spec.isOptional ? 'null' : await literalFor(plan, field, table, engine, manager)
      if (value !== undefined) copies.push([`"${field}"`, value])
      continue
    }
    if (column.isNullable !== spec.isOptional) {
      isSame = false
      if (!spec.isOptional) await requireNoNulls(plan, field, table, manager)
    }
    copies.push([`"${field}"`, `"${field}"`])
  }
  if (isSame) return []
  const extra = kept.map((name) => `"${name}" ${table.columns.get(name)?.type ?? 'text'} null, `).join('')
  const temporary = `"${plan.name}__new"`
  return [
    wanted.table(plan.name).replace(/^create table \S+ \(/, `create table ${temporary} (${extra}`),
    `insert into ${temporary} (${copies.map(([column]) => column).join(', ')}) select ${copies.map(([, from]) => from).join(', ')} from "${plan.name}"`,
    `drop table "${plan.name}"`,
    `alter table ${temporary} rename to "${plan.name}"`,
  ]
}

function removedColumns(plan: ModelPlan, table: ExistingTable | undefined): string[] {
  return table === undefined ? [] : [...table.columns.keys()].filter((name) => !plan.fields.has(name))
}

function requireTypes(engine: Engine, tables: ReadonlyMap<string, ExistingTable>): void {
  const faults: string[] = []
  for (const plan of engine.plans.all) {
    for (const [field, spec] of plan.fields) {
      const found = tables.get(plan.name)?.columns.get(field)?.type
      const wanted = storeFormOf(spec, engine.isPostgres).column
      if (found !== undefined && found !== wanted) faults.push(`${plan.name}.${field} is ${found}, not ${wanted}`)
    }
  }
  if (faults.length === 0) return
  throw new InvalidDataError(
    `the store has fields of other types than the models: ${faults.join('; ')}; give such a field another name, or change the store yourself`,
  )
}

async function requireReferences(manager: Manager): Promise<void> {
  const sql = `pragma ${storeSchema}.foreign_key_check`
  const rows = (await manager.getConnection().execute(sql, [], 'all', manager.getTransactionContext())) as {
    readonly table?: string
  }[]
  if (rows.length > 0) throw new InvalidDataError(`${rows.length} rows of ${rows[0]?.table} refer to missing rows`)
}

async function run(manager: Manager, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await manager.getConnection().execute(sql, [], 'run', manager.getTransactionContext())
}
