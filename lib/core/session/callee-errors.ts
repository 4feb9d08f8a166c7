// The errors that a ledger makes for incoming calls. Those of outgoing calls are in call-errors.ts.
import { BusyError, CancelledError, DeadlineError, type IsockError } from '../base/errors.ts'
import { CancelReason } from '../wire/frames/frame.ts'
import type { IncomingCall } from './incoming-call.ts'

/** The reason of a handler's signal when its caller gives up. */
export function cancelErrorFor(name: string, reason: CancelReason): IsockError {
  if (reason === CancelReason.Deadline) return new DeadlineError(`the time for action "${name}" ran out`)
  return new CancelledError(`the caller cancelled action "${name}"`)
}

/** The reason why a waiting call must not start any more, if any. */
export function errorBeforeStart(call: IncomingCall, nowMs: number): IsockError | undefined {
  const { name, abortReason: cause } = call
  if (call.deadlineAtMs <= nowMs || cause instanceof DeadlineError)
    return new DeadlineError(`the time for action "${name}" ran out before it started`, { notStarted: true })
  if (cause === undefined) return undefined
  if (cause instanceof BusyError) return new BusyError(cause.message)
  return new CancelledError(`action "${name}" was cancelled before it started`, { cause, notStarted: true })
}

export function cancelledBeforeStart(): CancelledError {
  return new CancelledError('the call was cancelled before it started', { notStarted: true })
}
