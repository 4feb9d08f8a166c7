// The insert by DBOS.
import { entry } from '../actions.ts'
import type { Inserter } from '../in-process.ts'

/** A workflow with one transaction, as the documents of DBOS show it. */
export async function throughDbos(url: string, schema: string, connections: number): Promise<Inserter> {
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
