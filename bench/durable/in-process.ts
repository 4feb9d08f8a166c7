// The same insert without isock, in the process that asks for it: `in-process.js pg | dbos <url> <schema>`.
import { createRequire } from 'node:module'
import { takeOrders } from '../child.ts'
import { entry } from './actions.ts'
import { type Load, sample } from './sampling.ts'

export type InProcessOrder = { readonly do: 'insert'; readonly load: Load } | { readonly do: 'close' }

export interface Inserter {
  insert(): Promise<unknown>
  close(): Promise<unknown>
}

type Through = (url: string, schema: string, connections: number) => Promise<Inserter>

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

// Not known to those who have not installed what is compared.
const peer: string = './peers/dbos.js'
const { throughDbos } = (kind === 'dbos' ? await import(peer) : {}) as { throughDbos?: Through }
const inserter = throughDbos === undefined ? await byHand() : await throughDbos(url, schema, connections)
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
