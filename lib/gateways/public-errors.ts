// What foreign clients may see of errors. Anyone may connect, so an error that was not meant for clients (a bug, a driver's
// message, an internal address) is replaced by an id, which the log shows beside the error.
import {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  DeadlineError,
  IsockError,
  OutcomeUnknownError,
  RemoteError,
  ServerError,
} from '../core/base/errors.ts'
import { remoteOf } from '../core/base/remote.ts'
import type { WebHost } from '../features/web/gateway.ts'

/** Replaces an error that foreign clients must not see. */
export class InternalError extends ServerError {
  /** Identifies the error in the server's log. */
  readonly errorId: string

  constructor(errorId: string) {
    super(`the server failed; its log has the details of error ${errorId}`, { code: 'INTERNAL' })
    this.name = 'ServerError'
    this.errorId = errorId
  }
}

/** The same error if foreign clients may see it, otherwise an {@link InternalError}. `exposeErrors` shows everything. */
export function publicError(error: unknown, host: Pick<WebHost, 'exposeErrors' | 'log'>): unknown {
  if (host.exposeErrors || isForAll(error)) return error
  const remote = remoteOf(error)
  // The side that threw it has logged it.
  if (remote !== undefined) return new InternalError(remote.errorId)
  const errorId = crypto.randomUUID().slice(0, 8)
  host.log.error({ error, errorId }, 'a foreign client got an error')
  return new InternalError(errorId)
}

const forAll = [ActionError, AuthError, BusyError, CancelledError, DeadlineError, OutcomeUnknownError]

/** Errors of the action's side that are about the call. Errors of the gateway itself are meant for its client. */
function isForAll(error: unknown): boolean {
  if (!(error instanceof IsockError)) return false
  if (error instanceof RemoteError) return error.isDeclared
  if (remoteOf(error) === undefined || forAll.some((Class) => error instanceof Class)) return true
  if (error.code === 'INVALID_INPUT') return true
  return error instanceof ServerError && !['INTERNAL', 'WORKER_FAILED'].includes(error.code)
}
