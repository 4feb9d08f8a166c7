// The same insert without isock, in the process that asks for it: `in-process.js pg | dbos <url> <schema>`.
import { createRequire } from 'node:module'
import { takeOrders } from '../child.ts'
import { entry } from './actions.ts'
import { type Load, sample } from './sampling.ts'

export type InProcessOrder = { readonly do: 'insert'; readonly load: Load } | { readonly do: 'close' }

interface Inserter {
  insert(): Promise<unknown>
  close(): Promise<unknown>
}

interface PoolClient {
  query(sql: string, values?: readonly unknown[]): Promise<unknown>
  release(): void
}

interface Pool {
  connect(): Promise<PoolClient>
  query(sql: string): Promise<unknown>
  end(): Promise<void>
}

/** As many as `data` has. */
const connections = 10
const [, , kind, url = '', schema = ''] = process.argv

const inserter = kind === 'dbos' ? await throughDbos() : await byHand()
takeOrders(async (order: InProcessOrder) => {
  if (order.do === 'insert') return sample(order.load, () => inserter.insert())
  await inserter.close()
  return true
})

/** The statements that the action's unit of work has, without a record of the answer. */
async function byHand(): Promise<Inserter> {
  // The driver that MikroORM brings.
  const pg = createRequire(import.meta.resolve('@mikro-orm/postgresql'))('pg') as {
    Pool: new (options: object) => Pool
  }
  const pool = new pg.Pool({ connectionString: url, max: connections })
  await pool.query(`create schema if not exists "${schema}"`)
  await pool.query(`create table "${schema}".entry (pk serial primary key, text text not null, amount int not null)`)
  return {
    async insert() {
      const client = await pool.connect()
      try {
        await client.query('begin')
        await client.query(`insert into "${schema}".entry (text, amount) values ($1, $2) returning pk`, [
          entry.text,
          entry.amount,
        ])
        await client.query('commit')
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

/** A workflow with one transaction, as the documents of DBOS show it. */
async function throughDbos(): Promise<Inserter> {
  const { DBOS } = await import('@dbos-inc/dbos-sdk')
  const { PostgresDataSource } = await import('@dbos-inc/postgres-datasource')
  const { hostname: host, port, pathname, username, password } = new URL(url)
  const options = {
    host,
    port: Number(port || 5432),
    database: pathname.slice(1),
    username: decodeURIComponent(username),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    max: connections,
    onnotice: () => undefined,
  }
  const { default: postgres } = await import('postgres')
  const sql = postgres(options)
  await sql.unsafe(`create schema if not exists "${schema}"`)
  await sql.unsafe(`create table "${schema}".entry (pk serial primary key, text text not null, amount int not null)`)
  await sql.end()
  await PostgresDataSource.initializeDBOSSchema(options)
  const source = new PostgresDataSource('bench', options)
  const insert = async (): Promise<unknown> => {
    const { client } = PostgresDataSource
    return client`insert into ${client(`${schema}.entry`)} (text, amount) values (${entry.text}, ${entry.amount}) returning pk`
  }
  const workflow = DBOS.registerWorkflow(() => source.runTransaction(insert, { name: 'insert' }), { name: 'record' })
  DBOS.setConfig({
    name: 'isock-bench',
    systemDatabaseUrl: url,
    systemDatabaseSchemaName: `${schema}_dbos`,
    systemDatabasePoolSize: connections,
    logLevel: 'error',
  })
  await DBOS.launch()
  return { insert: () => workflow(), close: () => DBOS.shutdown() }
}
