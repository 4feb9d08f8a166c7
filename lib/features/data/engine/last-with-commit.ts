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
  isCompleted(): boolean
  query(connection: unknown, query: unknown, status?: number): Promise<unknown>
  readonly trxClient: {
    query(connection: Connection, query: KnexQuery): Promise<unknown>
    _query(connection: Connection, query: KnexQuery): Promise<unknown>
  }
}

interface Connection {
  query(sql: string): Promise<unknown>
}

/** What knex gives for a transaction that has begun. */
interface Transactor {
  commit(value?: unknown): unknown
}

/** Asks a transaction to commit with this statement, which writes a row or fails. */
class WithLast {
  readonly statement: Statement

  constructor({ sql, values, dividing = counted({ sql, values }) }: LastStatement) {
    this.statement = dividing
  }
}

/** A statement as PostgreSQL takes it: its values are `$1`, `$2` and so on. */
interface Prepared {
  readonly sql: string
  readonly preparedAs: string
}

/** The statements that the connections of one pool have prepared, and their names. */
export class PreparedStatements {
  readonly #known = new Map<string, Prepared>()
  #isOff = false

  /** Of a statement whose values are `?`. Without a name, it must not be prepared. */
  of(sql: string): Pick<KnexQuery, 'sql' | 'preparedAs'> {
    const known = this.#known.get(sql) ?? this.#add(sql)
    return this.#isOff ? { sql: known.sql } : known
  }

  /** Called when a statement has failed. A connection that is not always the same one at the store can prepare nothing. */
  failed(error: unknown): void {
    if (isUnprepared(error)) this.#isOff = true
  }

  #add(sql: string): Prepared {
    let count = 0
    const digest = createHash('sha256').update(sql).digest('hex').slice(0, 16)
    const prepared = { sql: sql.replaceAll('?', () => `$${++count}`), preparedAs: `isock_${digest}` }
    this.#known.set(sql, prepared)
    return prepared
  }
}

/** Lets a transaction be committed with its last statement. */
export function letCommitWithLast(transaction: CommittingTransaction, prepared: PreparedStatements): void {
  const commit = transaction.commit.bind(transaction)
  transaction.commit = (connection, value) => {
    if (!(value instanceof WithLast) || transaction.isCompleted()) return commit(connection, value)
    const { sql, values } = value.statement
    const { trxClient } = transaction
    // Without what knex does with a query that it has not seen: it takes longer than to write the messages.
    trxClient.query = (its, given) =>
      trxClient._query(its, given).catch(async (error: unknown) => {
        prepared.failed(error)
        // A statement that failed leaves the transaction open, in which the pool would give the connection to somebody else.
        await settlesWithin(platformClock, connection.query('rollback'), rollbackLimitMs)
        throw error
      })
    const last: KnexQuery = { ...prepared.of(sql), bindings: values, followedBy: ['COMMIT'] }
    return transaction.query(connection, last, 1)
  }
}

/** The transaction's commit will have this statement with it. */
export function addLast(transactor: unknown, last: LastStatement): void {
  const begun = transactor as Transactor
  const { commit } = begun
  begun.commit = () => commit(new WithLast(last))
}

/** Whether the statement failed because it wrote no row. */
export function hasWrittenNone(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === divisionByZero
}

function counted({ sql, values }: Statement): Statement {
  return { sql: `with written as (${sql}) select 1 / count(*) from written`, values }
}
