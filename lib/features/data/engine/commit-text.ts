// The last statement of a durable transaction of PostgreSQL and its COMMIT as one text, which saves a round trip. Where the statement writes
// no row, a division by zero fails, and with it the whole text: the transaction is undone. A statement that does not divide by itself has
// its rows counted.
//
//   execute isock_<hash>(values); COMMIT        each connection prepares the statement once: to plan it takes longer than to run it
//   statement; COMMIT                           where a pooler between gives a transaction another connection than the former one
import { createHash } from 'node:crypto'
import { platformClock } from '../../../core/base/clock.ts'
import { settlesWithin } from '../../../core/base/settles-within.ts'
import type { Value } from '../durable/durable-store.ts'
import type { LastStatement } from '../durable/last-statement.ts'
import { isUnprepared } from './store-errors.ts'

/** Values of more bytes are not worth writing as text, which doubles them. */
const mostBytes = 8 * 1024

/** Texts that mean the same in and out of quotes, whatever the settings of the store. */
const isPlain = /^[\w.-]*$/

/** As long as knex waits for its own. */
const rollbackLimitMs = 5_000

const divisionByZero = '22012'

type Statement = Pick<LastStatement, 'sql' | 'values'>

/** The part of knex's transaction that is used. */
export interface CommittingTransaction {
  commit(connection: Connection, value?: unknown): Promise<unknown>
  query(connection: unknown, sql: string, status?: number): Promise<unknown>
  rollback(connection: Connection, error: unknown): Promise<unknown>
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

/** A last statement whose values are small enough for a text. */
export class CommitText {
  /** Writes a row, or fails. */
  readonly sql: string
  /** As they stand in a text. */
  readonly literals: readonly string[]

  private constructor(sql: string, literals: readonly string[]) {
    this.sql = sql
    this.literals = literals
  }

  static of({ sql, values, dividing = counted({ sql, values }) }: LastStatement): CommitText | undefined {
    const bytes = values.reduce((sum: number, value) => sum + sizeOf(value), 0)
    return bytes > mostBytes ? undefined : new CommitText(dividing.sql, dividing.values.map(literal))
  }

  /** With its values, or what stands for them. */
  whole(place: (at: number) => string = (at) => this.literals[at] as string): string {
    let at = 0
    return this.sql.replaceAll('?', () => place(at++))
  }
}

/** The statements that the connections of one pool have prepared. */
export class PreparedTexts {
  readonly #names = new Map<string, string>()
  readonly #prepared = new WeakMap<Connection, Set<string>>()
  #isOff = false

  /** Prepares the statement where the connection has not. Rejects if that fails: the transaction must be rolled back. */
  async textFor(connection: Connection, text: CommitText): Promise<string> {
    if (this.#isOff) return `${text.whole()}; COMMIT`
    const name = this.#nameOf(text.sql)
    const prepared = this.#prepared.get(connection) ?? new Set()
    if (!prepared.has(name)) {
      await connection.query(`prepare ${name} as ${text.whole((at) => `$${at + 1}`)}`)
      this.#prepared.set(connection, prepared.add(name))
    }
    return `execute ${name}(${text.literals.join(', ')}); COMMIT`
  }

  /** Called when a text has failed. A connection that is not always the same one at the store can prepare nothing. */
  failed(error: unknown): void {
    if (isUnprepared(error)) this.#isOff = true
  }

  #nameOf(sql: string): string {
    const known = this.#names.get(sql)
    if (known !== undefined) return known
    const name = `isock_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`
    this.#names.set(sql, name)
    return name
  }
}

/** Lets transactions be committed by such a text. */
export function letCommitByText(transaction: CommittingTransaction, statements: PreparedTexts): void {
  const commit = transaction.commit.bind(transaction)
  transaction.commit = async (connection, text) => {
    if (!(text instanceof CommitText)) return commit(connection, text)
    let whole: string
    try {
      whole = await statements.textFor(connection, text)
    } catch (error) {
      statements.failed(error)
      return transaction.rollback(connection, error)
    }
    const { trxClient } = transaction
    const query = trxClient.query
    trxClient.query = (its, sql) =>
      query(its, sql).catch(async (error: unknown) => {
        statements.failed(error)
        // A statement that failed leaves the transaction open, in which the pool would give the connection to somebody else.
        await settlesWithin(platformClock, connection.query('rollback'), rollbackLimitMs)
        throw error
      })
    return transaction.query(connection, whole, 1)
  }
}

/** Commits the manager's transaction by such a text. */
export async function commitByText(manager: CommittingManager, text: CommitText): Promise<void> {
  const transactor = manager.getTransactionContext() as Transactor
  const commit = transactor.commit
  transactor.commit = () => commit(text)
  await manager.commit()
}

/** Whether a text failed because its statement wrote no row. */
export function hasWrittenNone(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === divisionByZero
}

function counted({ sql, values }: Statement): Statement {
  return { sql: `with written as (${sql}) select 1 / count(*) from written`, values }
}

function sizeOf(value: Value): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0
}

/** Most texts as bytes too: nothing in it can be taken for SQL, or for a place of a value. */
function literal(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return `(${value})`
  if (typeof value === 'string' && isPlain.test(value)) return `'${value}'`
  const bytes = `decode('${Buffer.from(value as Uint8Array).toString('hex')}', 'hex')`
  return typeof value === 'string' ? `convert_from(${bytes}, 'UTF8')` : bytes
}
