// The stores that the specs of data run on: libsql in memory and in a file, and a PostgreSQL where there is one.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database, type DataOptions } from 'isock/data'
import type { Context, Suite } from 'mocha'
import { longDescribe } from '../setup/long.ts'
import { poolPorts } from '../setup/open-resources.ts'
import { skip } from '../setup/skip.ts'

export type StoreOptions = Omit<DataOptions, 'models'>

export const postgresUrl = process.env['ISOCK_PG_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

/** One place to keep rows, for one suite: nothing else uses it, and `remove` leaves nothing. */
export interface TestStore {
  readonly options: StoreOptions
  remove(): Promise<void>
}

export interface StoreKind {
  readonly name: string
  /** Skips the suite where there is no such store. */
  make(suite: Context): Promise<TestStore>
}

export const stores: readonly StoreKind[] = [
  { name: 'libsql in memory', make: async () => ({ options: { url: 'memory:' }, remove: async () => undefined }) },
  { name: 'libsql in a file', make: makeFile },
  { name: 'PostgreSQL', make: makePostgres },
]

/** Those whose rows outlive the server. */
export const lastingStores: readonly StoreKind[] = stores.slice(1)

/** A suite for a store. What is the same in a file as in memory, `npm test` leaves out for files. */
export function describeIn(store: StoreKind, title: string, define: (this: Suite) => void): void {
  if (store.make === makeFile) longDescribe(title, define)
  else describe(title, define)
}

/** A suite for a store that lasts. What is the same in PostgreSQL as in a file, `npm test` leaves out for PostgreSQL. */
export function describeInLasting(store: StoreKind, title: string, define: (this: Suite) => void): void {
  if (store.make === makePostgres) longDescribe(title, define)
  else describe(title, define)
}

async function makeFile(): Promise<TestStore> {
  const directory = await mkdtemp(join(tmpdir(), 'isock-data-'))
  return {
    options: { url: `file:${join(directory, 'store.db')}` },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** A schema of its own. */
export async function makePostgres(suite: Context): Promise<TestStore> {
  await requirePostgres(suite)
  poolPorts.add(Number(new URL(postgresUrl).port || 5_432))
  const schema = `isock_${randomBytes(6).toString('hex')}`
  await queryPostgres(`create schema "${schema}"`)
  return {
    options: { url: postgresUrl, schema },
    remove: () => queryPostgres(`drop schema "${schema}" cascade`).then(() => undefined),
  }
}

/** The arguments by which the servers of `child/` learn where the store is: its URL, and its schema if it has one. */
export function placeOf({ options: { url = '', schema } }: TestStore): string[] {
  return schema === undefined ? [url] : [url, schema]
}

interface PostgresClient {
  on(event: 'error', listener: () => void): void
  connect(): Promise<void>
  query(sql: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
  end(): Promise<void>
}

// The driver that MikroORM brings.
const pg = createRequire(import.meta.resolve('@mikro-orm/postgresql'))('pg') as {
  Client: new (options: object) => PostgresClient
}

/** One statement on a connection of its own. */
export async function queryPostgres(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 3_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql, values)).rows
  } finally {
    await client.end()
  }
}

async function requirePostgres(suite: Context): Promise<void> {
  try {
    await queryPostgres('select 1')
  } catch (error) {
    const reason = `no PostgreSQL answers at ${new URL(postgresUrl).host}; name one with ISOCK_PG_URL (${String(error)})`
    if (process.env['CI'] === 'true') throw new Error(reason)
    skip(suite, reason)
  }
}

/** A database in this store whose tables are there. */
export async function openDatabase(store: TestStore, options: DataOptions): Promise<Database> {
  const database = await new Database({ maxConnections, ...store.options, ...options }).open()
  await database.migrate()
  return database
}

const maxConnections = 4
