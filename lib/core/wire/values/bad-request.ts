// The one error for whatever a peer sent that cannot be a value.

import { ServerError } from '../../base/errors.ts'

/** A BAD_REQUEST that says what was wrong with the value that came. */
export function badRequest(fault: string, cause?: unknown): ServerError {
  return new ServerError(`bad value received: ${fault}`, {
    code: 'BAD_REQUEST',
    ...(cause === undefined ? {} : { cause }),
  })
}
