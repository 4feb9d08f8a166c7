// The last statement of a durable transaction of PostgreSQL goes out together with the COMMIT, which saves a round trip. Where it writes no
// row, a division by zero fails, the store skips the COMMIT, and the transaction is undone. A statement that does not divide by itself has
// its rows counted. Each connection prepares it once, as to plan it takes longer than to run it; not where a pooler between gives each
// transaction another connection than the former one.
import { createHash } from 'node:crypto'
import { platformClock } from '../../../core/base/clock.ts'
import { settlesWithin } from '../../../core/base/settles-within.ts'
import type { LastStatement } from '../durable/last-statement.ts'
import type { KnexQuery } from './pipelined.ts'
import { isUnprepared } from './store-errors.ts'

/** As long as knex waits for its own. */
const rollbackLimitMs = 5_000

const divisionByZero = '22012'

type Statement = Pick<LastStatement, 'sql' | 'values'>

/** The part of knex's transaction that is used. */
export interface CommittingTransaction {
  commit(connection: Connection, value?: unknown): Promise<unknown>
  query(connection: unknown, query: unknown, status?: number): Promise<unknown>
  readonly trxClient: { query(connection: Connection, query: unknown): Promise<unknown> }
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

/** Asks a transaction to commit with this statement, which writes a row or fails. */
class WithLast {
  readonly statement: Statement

  constructor({ sql, values, dividing = counted({ sql, values }) }: LastStatement) {
    this.statement = dividing
  }
}

/** The names by which the connections of one pool have prepared statements. */
export class PreparedStatements {
  readonly #names = new Map<string, string>()
  #isOff = false

  /** undefined: it must not be prepared. */
  nameOf(sql: string): string | undefined {
    if (this.#isOff) return undefined
    const known = this.#names.get(sql)
    if (known !== undefined) return known
    const name = `isock_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`
    this.#names.set(sql, name)
    return name
  }

  /** Called when a statement has failed. A connection that is not always the same one at the store can prepare nothing. */
  failed(error: unknown): void {
    if (isUnprepared(error)) this.#isOff = true
  }
}

/** Lets a transaction be committed with its last statement. */
export function letCommitWithLast(transaction: CommittingTransaction, prepared: PreparedStatements): void {
  const commit = transaction.commit.bind(transaction)
  transaction.commit = (connection, value) => {
    if (!(value instanceof WithLast)) return commit(connection, value)
    const { sql, values } = value.statement
    const { trxClient } = transaction
    const query = trxClient.query
    trxClient.query = (its, given) =>
      query(its, given).catch(async (error: unknown) => {
        prepared.failed(error)
        // A statement that failed leaves the transaction open, in which the pool would give the connection to somebody else.
        await settlesWithin(platformClock, connection.query('rollback'), rollbackLimitMs)
        throw error
      })
    const last: KnexQuery = { sql, bindings: values, preparedAs: prepared.nameOf(sql), followedBy: ['COMMIT'] }
    return transaction.query(connection, last, 1)
  }
}

/** Commits the manager's transaction with this statement. */
export async function commitWithLast(manager: CommittingManager, last: LastStatement): Promise<void> {
  const transactor = manager.getTransactionContext() as Transactor
  const commit = transactor.commit
  transactor.commit = () => commit(new WithLast(last))
  await manager.commit()
}

/** Whether the statement failed because it wrote no row. */
export function hasWrittenNone(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === divisionByZero
}

function counted({ sql, values }: Statement): Statement {
  return { sql: `with written as (${sql}) select 1 / count(*) from written`, values }
}
