// Durable transactions of PostgreSQL that do nothing for long: the store itself ends them, because a server that stands still holds locks
// that others wait for, and can end nothing. The limit is set where the transaction begins, which costs no round trip.

import { type CommittingTransaction, letCommitWithLast, PreparedStatements } from './last-with-commit.ts'
import { Beginning } from './pipelined.ts'

const longestIdleMs = 10_000

/** How long a durable transaction may do nothing; 0 in the options: no limit for others. */
export function idleLimitMs({ idleTransactionMs }: { readonly idleTransactionMs: number }): number {
  return idleTransactionMs === 0 ? longestIdleMs : Math.min(idleTransactionMs, longestIdleMs)
}

/** Transaction options in addition to knex's. */
export interface LimitedTransactionConfig {
  readonly mayIdleMs?: number
}

/** The part of knex's transaction that is used. */
interface Transaction extends CommittingTransaction {
  readonly isolationLevel?: unknown
  readonly readOnly?: boolean
  beginning?: Beginning
}

/** The part of knex's client that is used. */
export interface TransactionMaker {
  transaction(container: unknown, config: LimitedTransactionConfig | undefined, outer: unknown): Transaction
}

/** Lets transactions of PostgreSQL begin with their first statement, and have a limit; those that have one may end with their last one. */
export function beginWithFirstStatement(client: TransactionMaker): void {
  const make = client.transaction.bind(client)
  const statements = new PreparedStatements()
  client.transaction = (container, config, outer) => {
    const transaction = make(container, config, outer)
    const { mayIdleMs } = config ?? {}
    const limit = mayIdleMs === undefined ? [] : [`set local idle_in_transaction_session_timeout = ${mayIdleMs}`]
    const isUsual = !outer && transaction.isolationLevel === undefined && !transaction.readOnly
    if (isUsual) transaction.beginning = new Beginning(['begin', ...limit])
    if (mayIdleMs !== undefined) letCommitWithLast(transaction, statements)
    return transaction
  }
}
