// Takes a schema of an earlier run away: a table whose rows were deleted is slower than one that is new.
import { createRequire } from 'node:module'

interface PostgresClient {
  connect(): Promise<void>
  query(sql: string): Promise<unknown>
  end(): Promise<void>
}

// The driver that MikroORM brings.
const pg = createRequire(import.meta.resolve('@mikro-orm/postgresql'))('pg') as {
  Client: new (options: object) => PostgresClient
}

export async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`drop schema if exists "${schema}" cascade`)
  } finally {
    await client.end()
  }
}
