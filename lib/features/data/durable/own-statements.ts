// How isock's own statements join the transaction of a `context.db`, for what is committed together with the rows of models.
import { ServerError } from '../../../core/base/errors.ts'
import type { Run } from './durable-store.ts'

/** The name of a method of `db` that is not for users. */
export const ownStatements: unique symbol = Symbol('ownStatements')

export interface OwnStatements {
  /** Runs statements in the transaction, which begins for them if needed. Where one fails, the transaction must be rolled back. */
  [ownStatements]<T>(work: (run: Run) => Promise<T>): Promise<T>
}

/** @throws ServerError (`INVALID_USAGE`) for anything but a `db` of this package. */
export function statementsOf(db: unknown): OwnStatements {
  if (typeof db === 'object' && db !== null && ownStatements in db) return db as OwnStatements
  throw new ServerError('this db has no transaction that isock can use', { code: 'INVALID_USAGE' })
}
