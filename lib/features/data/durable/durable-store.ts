// What durable calls need of a store: a few statements, alone or in a transaction. The engine of data provides it.

/** A value for a `?` in a statement. */
export type Value = string | number | Uint8Array | null

export type Row = Readonly<Record<string, unknown>>

/** Runs one statement, and returns its rows. */
export type Run = (sql: string, values?: readonly Value[]) => Promise<readonly Row[]>

export interface DurableStore {
  readonly isPostgres: boolean
  /** The name of a table in statements. */
  nameOf(table: string): string
  /** Runs one statement by itself. */
  readonly read: Run
  /**
   * Runs work in a transaction of its own, on disk when it is committed. Waits for an unreachable store as every unit of work does, and may
   * then run the work again, also after a commit whose answer was lost.
   */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T>
  /** Whether a statement failed because a row refers to one that is gone. */
  lacksReference(error: unknown): boolean
}

/** Milliseconds since 1970 by the store's clock, in statements. */
export function nowIn({ isPostgres }: DurableStore): string {
  return isPostgres
    ? '(extract(epoch from clock_timestamp()) * 1000)::bigint'
    : "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
}
