// The one error for anything from a peer that is not a valid value.

import { ServerError } from '../../base/errors.ts'

/** A BAD_REQUEST error that says what is wrong with the received value. */
export function badRequest(fault: string, cause?: unknown): ServerError {
  return new ServerError(`bad value received: ${fault}`, {
    code: 'BAD_REQUEST',
    ...(cause === undefined ? {} : { cause }),
  })
}
