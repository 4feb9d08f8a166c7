// Prepared statements of one connection that are kept for the next time: to prepare them is a good part of a short unit's work, and each that
// is dropped is work for a garbage collection, which waits for its connection.

/** Longer texts are seldom the same twice: lists of values, for example. */
const longestText = 2_000
/** Characters and bytes of the values that a statement last ran with: it holds them as long as it is kept. */
const mostHeld = 4_000
const mostStatements = 64

/** Those that work on rows: others may hold what they touch, or have names of their own. */
const isKept = /^(select|insert|update|delete|with)\b/i

export class KeptStatements {
  /** Those that are not in use, the one that was used longest ago first. */
  readonly #free = new Map<string, unknown>()

  /** The statement that is kept, which is then in use: after an error it must not be given back, as libsql cannot reset it. */
  take(sql: string): unknown {
    const statement = this.#free.get(sql)
    if (statement !== undefined) this.#free.delete(sql)
    return statement
  }

  /** Called when it has run with these values. */
  giveBack(sql: string, statement: unknown, values: readonly unknown[]): void {
    if (sql.length > longestText || !isKept.test(sql) || sizeOf(values) > mostHeld) return
    this.#free.set(sql, statement)
    if (this.#free.size > mostStatements) this.#free.delete(this.#free.keys().next().value as string)
  }
}

function sizeOf(values: readonly unknown[]): number {
  let size = 0
  for (const value of values) {
    if (typeof value === 'string') size += value.length
    else if (value instanceof Uint8Array) size += value.length
  }
  return size
}
