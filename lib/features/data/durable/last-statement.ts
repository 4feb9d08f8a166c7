// The statement that decides whether a transaction counts: the last one, which must write a row. A store may run it and the commit as one.
import type { Run, Value } from './durable-store.ts'

export interface LastStatement {
  /** Returns the rows that it wrote. */
  readonly sql: string
  readonly values: readonly Value[]
  /** The same for PostgreSQL, by a statement that divides by zero where it would write nothing: nobody has to count what it wrote. */
  readonly dividing?: Pick<LastStatement, 'sql' | 'values'>
  /** What to throw where it failed with this error; undefined: it wrote nothing. */
  errorOf(error: unknown): unknown
}

/** What is done last in a transaction. */
export type LastWork = (run: Run) => Promise<LastStatement | undefined>

/** @throws what `errorOf` returns: the transaction must be rolled back. */
export async function runLast(run: Run, { sql, values, errorOf }: LastStatement): Promise<void> {
  const rows = await run(sql, values).catch((error: unknown) => {
    throw errorOf(error)
  })
  if (rows.length === 0) throw errorOf(undefined)
}
