// The errors that a unit of work itself causes.

import { OutcomeUnknownError, ServerError } from '../../../core/base/errors.ts'
import { StoreUnavailableError } from '../data-errors.ts'

export function unitEnded(): ServerError {
  const message = 'this unit of work ended with its action; await every db call'
  return new ServerError(message, { code: 'INVALID_USAGE' })
}

/** In an action whose answer is committed with its effect. */
export function commitsWithAnswer(): ServerError {
  const message = 'a transactional action commits once, with its answer; leave out db.commit(), or the transaction'
  return new ServerError(message, { code: 'INVALID_USAGE' })
}

export function connectionLost(): StoreUnavailableError {
  return new StoreUnavailableError('the connection to the store was lost; nothing of what this action did was kept')
}

/** The store has ended a durable transaction that did nothing for this long. */
export function idledTooLong(ms: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `the store ended the transaction of this action, which did nothing in it for ${ms / 1_000} s; nothing of what it did was kept: wait for other things before the first write`,
  )
}

export function commitOutcomeUnknown(): OutcomeUnknownError {
  return new OutcomeUnknownError(
    'the connection to the store was lost during the commit: it is unknown whether this action was committed',
  )
}

export function databaseClosed(): ServerError {
  return new ServerError('the database was closed; uncommitted changes are lost', { code: 'INVALID_USAGE' })
}

/** After a statement outside of any savepoint failed in PostgreSQL. */
export function statementFailed(): StoreUnavailableError {
  return new StoreUnavailableError('a statement of this action failed in the store; nothing of what it did was kept')
}
