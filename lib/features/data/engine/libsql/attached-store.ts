// How a connection holds its store: attached to a database in memory that is the connection's own and stays empty. libsql has
// no call that ends a prepared statement, and closes the file of a connection when the last of them has been collected; a
// file that is detached is closed immediately.

/** The name of the store in statements that would mean the empty database without it. */
export const storeSchema = 'store'

/** What the connection itself is opened with. */
export const ownDatabase = ':memory:'

export function attach(filename: string): string {
  return `attach '${filename.replaceAll("'", "''")}' as ${storeSchema}`
}

export const detach = `detach ${storeSchema}`

/** The statement, so that it creates its table or index in the store. What exists is found without the name. */
export function createdInStore(sql: string): string {
  return sql.replace(/^create (table|index|unique index) /, `create $1 ${storeSchema}.`)
}
