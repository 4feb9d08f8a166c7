// Reads the store's tables: their columns, and the names of their indexes and constraints.
import type { Engine, Manager } from './engine.ts'

export interface ExistingColumn {
  readonly type: string
  readonly isNullable: boolean
}

export interface ExistingTable {
  /** The name as in statements. */
  readonly quoted: string
  readonly columns: ReadonlyMap<string, ExistingColumn>
  /** The names of indexes and constraints. */
  readonly names: ReadonlySet<string>
  /** By column. */
  readonly references: ReadonlyMap<string, ExistingReference>
}

export interface ExistingReference {
  /** The name of the constraint; empty in libsql, where it has none. */
  readonly name: string
  /** The table that it refers to. */
  readonly target: string
}

/** The tables of models, by name. */
export async function readTables(engine: Engine, manager: Manager): Promise<Map<string, ExistingTable>> {
  const tables = new Map<string, ExistingTable>()
  for (const { name } of engine.plans.all) {
    const table = engine.isPostgres
      ? await readPostgresTable(name, engine.options.schema, manager)
      : await readLibsqlTable(name, manager)
    if (table.columns.size > 0) tables.set(name, table)
  }
  return tables
}

async function readLibsqlTable(name: string, manager: Manager): Promise<ExistingTable> {
  // The name of a model consists of letters, digits and _.
  const columns = await all<{ name: string; type: string; notnull: number }>(manager, `pragma table_info("${name}")`)
  const indexes = await all<{ name: string }>(manager, `pragma index_list("${name}")`)
  const references = await all<{ from: string; table: string }>(manager, `pragma foreign_key_list("${name}")`)
  return {
    quoted: `"${name}"`,
    columns: new Map(
      columns.map((each) => [each.name, { type: each.type.toLowerCase(), isNullable: each.notnull === 0 }]),
    ),
    names: new Set(indexes.map((each) => each.name)),
    references: new Map(references.map(({ from, table }) => [from, { name: '', target: table }])),
  }
}

async function readPostgresTable(name: string, schema: string | undefined, manager: Manager): Promise<ExistingTable> {
  const place = schema === undefined ? 'current_schema()' : `'${schema}'`
  const columns = await all<{ name: string; type: string; is_nullable: string }>(
    manager,
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       case when a.attnotnull then 'NO' else 'YES' end as is_nullable
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${place} and c.relname = '${name}' and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`,
  )
  const names = await all<{ name: string }>(
    manager,
    `select indexname as name from pg_indexes where schemaname = ${place} and tablename = '${name}'
     union select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid
       join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${place} and c.relname = '${name}'`,
  )
  const references = await all<{ field: string; name: string; target: string }>(
    manager,
    `select a.attname as field, k.conname as name, t.relname as target from pg_constraint k
       join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
       join pg_class t on t.oid = k.confrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
     where k.contype = 'f' and n.nspname = ${place} and c.relname = '${name}'`,
  )
  return {
    quoted: schema === undefined ? `"${name}"` : `"${schema}"."${name}"`,
    columns: new Map(columns.map((each) => [each.name, { type: each.type, isNullable: each.is_nullable === 'YES' }])),
    names: new Set(names.map((each) => each.name)),
    references: new Map(references.map(({ field, ...reference }) => [field, reference])),
  }
}

async function all<T>(manager: Manager, sql: string): Promise<T[]> {
  return (await manager.getConnection().execute(sql, [], 'all', manager.getTransactionContext())) as T[]
}
