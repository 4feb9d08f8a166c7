// The judge's process: only reads. Takes the orders `look`, while calls are running, and `end`, when all have ended; answers with a Verdict.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { takeOrders } from '../../processes/orders.ts'
import type { Outcome } from '../contracts.ts'
import { type Evidence, judge } from '../judge.ts'

export interface JudgePlace {
  readonly url: string
  readonly outcomes: string
  readonly effects: string
}

type Tables = Omit<Evidence, 'outcomes' | 'effects'>
type Read = (sql: string) => Promise<unknown[]> | unknown[]

const statements: Readonly<Record<keyof Tables, string>> = {
  balances: 'select "name", "balance" from "Account"',
  sizes: 'select "name", "size" from "List"',
  entries: 'select "call", "token", "payer", "payee", "amount", "value" from "Entry"',
  items: 'select "call", "token", "list", "value" from "Item"',
}

interface PostgresClient {
  on(event: 'error', listener: () => void): void
  connect(): Promise<void>
  query(sql: string): Promise<{ readonly rows: unknown[] }>
  end(): Promise<void>
}

interface File {
  prepare(sql: string): { all(): unknown[] }
  exec(sql: string): void
  close(): void
}

// The drivers that MikroORM brings.
const require = createRequire(import.meta.url)
const { url, outcomes, effects } = JSON.parse(process.argv[2] as string) as JudgePlace

async function readTables(): Promise<Tables> {
  return url.startsWith('file:') ? readFile() : readPostgres()
}

async function readFile(): Promise<Tables> {
  const Database = require('libsql') as new (path: string) => File
  const file = new Database(url.slice('file:'.length))
  try {
    file.exec('begin')
    return await readAll((sql) => file.prepare(sql).all())
  } finally {
    file.close()
  }
}

async function readPostgres(): Promise<Tables> {
  const { Client } = require('pg') as { readonly Client: new (options: object) => PostgresClient }
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 60_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // All of one moment.
    await client.query('begin isolation level repeatable read read only')
    return await readAll(async (sql) => (await client.query(sql)).rows)
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function readAll(read: Read): Promise<Tables> {
  const found: Record<string, unknown> = {}
  for (const [name, sql] of Object.entries(statements)) found[name] = (await read(sql)).map(numbered)
  return found as unknown as Tables
}

/** PostgreSQL's driver gives large integers as texts. */
function numbered(row: unknown): unknown {
  const isNumber = (name: string): boolean => ['amount', 'balance', 'size', 'value'].includes(name)
  return Object.fromEntries(
    Object.entries(row as object).map(([name, value]) => [name, isNumber(name) ? Number(value) : value]),
  )
}

function linesOf(path: string): string[] {
  // The last one may be half written.
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

async function evidence(): Promise<Evidence> {
  const heard = linesOf(outcomes).map((line) => JSON.parse(line) as Outcome)
  const tables = await readTables()
  const written = linesOf(effects).map((line) => {
    const [call = '', token = ''] = line.split(' ')
    return { call, token }
  })
  return { ...tables, outcomes: heard, effects: written }
}

takeOrders({ look: async () => judge(await evidence(), false), end: async () => judge(await evidence(), true) })
