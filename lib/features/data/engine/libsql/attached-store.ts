// Attaches the store to a connection whose own database is in memory and stays empty. libsql has no call that ends a prepared
// statement, and closes a connection's file only when the last statement has been garbage collected; a detached file is
// closed immediately.

/** The name of the store in statements that would otherwise mean the empty database. */
export const storeSchema = 'store'

/** The connection's own database. */
export const ownDatabase = ':memory:'

export function attach(filename: string): string {
  return `attach '${filename.replaceAll("'", "''")}' as ${storeSchema}`
}

export const detach = `detach ${storeSchema}`

/** The statement changed to create its table or index in the store. Existing ones are found without the name. */
export function createdInStore(sql: string): string {
  return sql.replace(/^create (table|index|unique index) /, `create $1 ${storeSchema}.`)
}
