// Transactions of knex without what makes them dear. For each, knex builds a whole knex of its own: 39 KB of objects. Half of them outlive young
// collections, as each is the prototype of another. MikroORM needs only a client that has the connection, and the ways to end.
import { type Beginning, type KnexQuery, type PgConnection, type PgDriver, runBetween } from './pipelined.ts'

/** The part of knex's client that is used. */
export interface KnexClient {
  transaction(container: unknown, config: unknown, outer: unknown): KnexTransaction
  query(connection: unknown, query: unknown): Promise<unknown>
  _query(connection: unknown, query: KnexQuery): Promise<unknown>
  /** pg, for PostgreSQL. */
  driver?: unknown
}

/** The part of knex's transaction that is used. Its version is pinned by MikroORM's. */
interface KnexTransaction {
  trxClient: object | undefined
  _resolver: (value: unknown) => void
  _rejecter: (error: unknown) => void
  _onAcquire(container: (transactor: object) => void, connection: unknown): Promise<unknown>
  begin(connection: unknown): Promise<unknown>
  commit(connection: unknown, value?: unknown): Promise<unknown>
  rollback(connection: unknown, error?: unknown): Promise<unknown>
  isCompleted(): boolean
  /** It begins with its first statement. */
  readonly beginning?: Beginning
}

/** What the client of a transaction has of the pool's. */
const shared = ['version', 'config', 'driver', 'connectionSettings', 'valueForUndefined', 'logger'] as const

/** Makes the transactions of this client light ones. Those within others stay as they are, and cannot be begun in a light one. */
export function lightenTransactions(client: KnexClient): void {
  const make = client.transaction.bind(client)
  client.transaction = (container, config, outer) => {
    const transaction = make(container, config, outer)
    // Called later: it waits for a connection first.
    if (!outer) transaction._onAcquire = (begun, connection) => onAcquire(transaction, client, begun, connection)
    return transaction
  }
}

function onAcquire(
  transaction: KnexTransaction,
  client: KnexClient,
  begun: (transactor: object) => void,
  connection: unknown,
): Promise<unknown> {
  const trxClient = clientOf(transaction, client, connection)
  transaction.trxClient = trxClient
  const executionPromise = new Promise<unknown>((resolve, reject) => {
    transaction._resolver = resolve
    transaction._rejecter = reject
  })
  const transactor = {
    client: trxClient,
    isTransaction: true,
    executionPromise,
    commit: (value?: unknown) => transaction.commit(connection, value),
    rollback: (error?: unknown) => transaction.rollback(connection, error),
    isCompleted: () => transaction.isCompleted(),
  }
  if (transaction.beginning !== undefined) begun(transactor)
  else
    transaction.begin(connection).then(
      () => begun(transactor),
      (error: unknown) => transaction._rejecter(error),
    )
  return executionPromise
}

/** A client that runs everything over the connection, as long as the transaction lasts. */
function clientOf(transaction: KnexTransaction, client: KnexClient, connection: unknown): object {
  const own = Object.create(Object.getPrototypeOf(client) as object) as KnexClient & Record<string, unknown>
  for (const name of shared) own[name] = (client as KnexClient & Record<string, unknown>)[name]
  const { query, _query: run } = own
  const { beginning } = transaction
  return Object.assign(own, {
    transacting: true,
    acquireConnection: () => Promise.resolve(connection),
    releaseConnection: () => Promise.resolve(),
    query: async (over: unknown, given: unknown) => {
      // The message is knex's own.
      if (transaction.isCompleted()) throw new Error('Transaction query already complete')
      return beginning?.endsWith(given) ? given : query.call(own, over, given)
    },
    _query: (over: unknown, given: KnexQuery) => {
      const before = beginning?.take() ?? []
      if (before.length === 0 && given.followedBy === undefined) return run.call(own, over, given)
      return runBetween(client.driver as PgDriver, over as PgConnection, before, given)
    },
  })
}
