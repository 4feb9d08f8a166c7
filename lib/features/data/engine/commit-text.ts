// The last statement of a durable transaction of PostgreSQL and its COMMIT as one text, which saves a round trip. Where the statement writes
// no row, a division by the number of rows fails, and with it the whole text: the transaction is undone.
import { platformClock } from '../../../core/base/clock.ts'
import { settlesWithin } from '../../../core/base/settles-within.ts'
import type { Value } from '../durable/durable-store.ts'
import type { LastStatement } from '../durable/last-statement.ts'

/** Values of more bytes are not worth writing as text, which doubles them. */
const mostBytes = 8 * 1024

/** As long as knex waits for its own. */
const rollbackLimitMs = 5_000

const divisionByZero = '22012'

/** The part of knex's transaction that is used. */
export interface CommittingTransaction {
  commit(connection: Connection, value?: unknown): Promise<unknown>
  query(connection: unknown, sql: string, status?: number): Promise<unknown>
  readonly trxClient: { query(connection: Connection, sql: unknown): Promise<unknown> }
}

interface Connection {
  query(sql: string): Promise<unknown>
}

/** What knex gives for a transaction that has begun. */
interface Transactor {
  commit(value?: unknown): unknown
}

/** The part of MikroORM's manager that is used. */
interface CommittingManager {
  getTransactionContext(): unknown
  commit(): Promise<void>
}

/** Undefined: its values are too large for a text. */
export function commitText({ sql, values }: LastStatement): string | undefined {
  const bytes = values.reduce((sum: number, value) => sum + sizeOf(value), 0)
  if (bytes > mostBytes) return undefined
  let at = 0
  const statement = sql.replaceAll('?', () => literal(values[at++] as Value))
  return `with written as (${statement}) select 1 / count(*) from written; COMMIT`
}

/** Lets transactions be committed by such a text. */
export function letCommitByText(transaction: CommittingTransaction): void {
  const commit = transaction.commit.bind(transaction)
  transaction.commit = (connection, text) => {
    if (typeof text !== 'string') return commit(connection, text)
    const { trxClient } = transaction
    const query = trxClient.query
    trxClient.query = (its, sql) =>
      query(its, sql).catch(async (error: unknown) => {
        // A statement that failed leaves the transaction open, in which the pool would give the connection to somebody else.
        await settlesWithin(platformClock, connection.query('rollback'), rollbackLimitMs)
        throw error
      })
    return transaction.query(connection, text, 1)
  }
}

/** Commits the manager's transaction by such a text. */
export async function commitByText(manager: CommittingManager, text: string): Promise<void> {
  const transactor = manager.getTransactionContext() as Transactor
  const commit = transactor.commit
  transactor.commit = () => commit(text)
  await manager.commit()
}

/** Whether a text failed because its statement wrote no row. */
export function hasWrittenNone(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === divisionByZero
}

function sizeOf(value: Value): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0
}

/** Text as bytes too: nothing in it can be taken for SQL, or for a place of a value. */
function literal(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return `(${value})`
  const bytes = `decode('${Buffer.from(value as Uint8Array).toString('hex')}', 'hex')`
  return typeof value === 'string' ? `convert_from(${bytes}, 'UTF8')` : bytes
}
