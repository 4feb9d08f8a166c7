// What a unit of work rejects with of its own accord.

import { OutcomeUnknownError, ServerError } from '../../../core/base/errors.ts'
import { StoreUnavailableError } from '../data-errors.ts'

export function hasEnded(): ServerError {
  const message = 'this unit of work has ended, with the action that it was of; await what the action does'
  return new ServerError(message, { code: 'INVALID_USAGE' })
}

export function connectionLost(): StoreUnavailableError {
  return new StoreUnavailableError('the connection to the store was lost; nothing of what this action did was kept')
}

export function lostAtCommit(): OutcomeUnknownError {
  return new OutcomeUnknownError(
    'the connection to the store was lost during the commit: what this action did was kept, or was not',
  )
}

export function wasClosed(): ServerError {
  return new ServerError('the database was closed; nothing of what is not committed is kept', { code: 'INVALID_USAGE' })
}

/** After a statement outside of any savepoint failed in PostgreSQL. */
export function isSpoiled(): StoreUnavailableError {
  return new StoreUnavailableError('the store gave up a statement of this action; nothing of what it did was kept')
}
