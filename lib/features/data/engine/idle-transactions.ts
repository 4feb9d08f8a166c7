// Durable transactions of PostgreSQL that do nothing for long: the store itself ends them, because a server that stands still holds locks
// that others wait for, and can end nothing. The limit is set by the statement that begins the transaction, which costs no round trip.

import { type CommittingTransaction, letCommitByText, PreparedTexts } from './commit-text.ts'

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
  begin(connection: unknown): Promise<unknown>
}

/** The part of knex's client that is used. */
export interface TransactionMaker {
  transaction(container: unknown, config: LimitedTransactionConfig | undefined, outer: unknown): Transaction
}

/** Lets transactions of this client have a limit, and those that have one be committed by a text. */
export function limitIdleTransactions(client: TransactionMaker): void {
  const make = client.transaction.bind(client)
  const statements = new PreparedTexts()
  client.transaction = (container, config, outer) => {
    const transaction = make(container, config, outer)
    const { mayIdleMs } = config ?? {}
    if (mayIdleMs !== undefined) {
      const begin = `begin; set local idle_in_transaction_session_timeout = ${mayIdleMs}`
      transaction.begin = (connection) => transaction.query(connection, begin)
      letCommitByText(transaction, statements)
    }
    return transaction
  }
}
