// The errors that a session makes for its outgoing calls. Each is true for that session; retry-policy.ts ensures that `notStarted` is
// true for the call.
import { ClientError, DeadlineError, type IsockError, OutcomeUnknownError, ServerError } from '../base/errors.ts'
import type { OutgoingCall } from './outgoing-call.ts'
import type { Decision } from './retry-policy.ts'

/** The error of a call that timed out on this side. */
export function lateError(call: OutgoingCall): DeadlineError {
  const { lastFault: cause } = call
  const why = cause === undefined ? '' : `: ${cause.message}`
  const message = `action "${call.request.name}" did not finish within ${Math.round(call.timeoutMs)} ms${why}`
  return new DeadlineError(message, { cause, notStarted: call.state === 'waiting' })
}

export function outcomeUnknown(call: OutgoingCall, cause: IsockError): OutcomeUnknownError {
  const message = `action "${call.request.name}" was sent and its outcome is unknown: ${cause.message}`
  return new OutcomeUnknownError(message, { cause })
}

export function neverStarted(call: OutgoingCall, cause: IsockError): ServerError {
  const message = `action "${call.request.name}" was not started: ${cause.message}`
  return new ServerError(message, { code: 'SHUTTING_DOWN', cause, notStarted: true })
}

export function unreachable(call: OutgoingCall, cause: IsockError): ClientError {
  const message = `action "${call.request.name}" could not be sent: ${cause.message}`
  return new ClientError(message, { code: 'UNREACHABLE', cause, notStarted: true })
}

/** The error of a call that is not sent again after a fault. */
export function lossOf(call: OutgoingCall, decision: Decision, cause: IsockError): IsockError {
  if (decision === 'unreachable') return unreachable(call, cause)
  return decision === 'never started' ? neverStarted(call, cause) : outcomeUnknown(call, cause)
}

/** The error of a call that the server of its session could not be reached for. */
export function endOfPatience(call: OutgoingCall): IsockError {
  const cause = call.lastFault as IsockError // it was the fault of some link
  return call.state === 'sent' ? outcomeUnknown(call, cause) : unreachable(call, cause)
}

/** The same error for a call that was not sent, so that its handler did not start. */
export function neverSent<E extends IsockError>(error: E): E {
  return Object.defineProperty(error, 'notStarted', { value: true, enumerable: true })
}

/** The error of a call with a key, for a peer that would run it without. */
export function keysUnknown(action: string): ClientError {
  const message = `action "${action}" was not sent: the other side is too old to keep idempotency keys; update it, or call without a key`
  return new ClientError(message, { code: 'INVALID_USAGE', notStarted: true })
}

/** The error of a waiting call whose session or client ends. One for each call, because callers add their stacks to it. */
export function closedBy(call: OutgoingCall, cause: IsockError): IsockError {
  return cause.notStarted ? copyOf(cause) : unreachable(call, cause)
}

export function queueFull(maxQueuedCalls: number): ClientError {
  const message = `${maxQueuedCalls} calls wait already; let some finish, or raise limits.maxQueuedCalls`
  return new ClientError(message, { code: 'QUEUE_FULL', notStarted: true })
}

function copyOf(error: IsockError): IsockError {
  const { message, name } = error
  const copy = Object.setPrototypeOf(new Error(message), Object.getPrototypeOf(error) as object) as IsockError
  Object.defineProperty(copy, 'name', { value: name, configurable: true, writable: true })
  if (error.cause !== undefined) Object.defineProperty(copy, 'cause', { value: error.cause, configurable: true })
  return Object.assign(copy, error)
}
