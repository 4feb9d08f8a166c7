// What a fault means for a call: whether it may be sent again, and what may be claimed about its handler. The only
// place that counts retries, and the only one that lets `notStarted` through. OutgoingCalls performs what it decides.
//
//                       waiting           sent, streams untouched                    sent, streams moved
//   cannot connect      keep, costs 1     keep, costs 1                              keep, costs 1
//   cannot resume       keep              idempotent: keep; else keep, costs 1       keep, costs 1
//   link lost           keep              keep, costs 1                              keep, costs 1
//   session lost        keep              idempotent: resend; else outcome unknown   outcome unknown
//   server left         keep              resend, costs 1; else never started        never started
//   refused as busy     -                 delay; with no retries at all: refused     refused
//   refused at the end  -                 delay, costs 1; else refused               refused
//
// Where "keep" costs a retry and none is left: unreachable while it waits, outcome unknown once it was sent. Where there is a session,
// attempts to connect cost patience in the place of retries, see outage.ts. Faults are counted in a row: link-progress.ts says which link gives them back. What may run again does so no more than `retries`
// times and once, over its whole life: an action that takes its server down must not do so forever.
import { CancelledError, DeadlineError, type IsockError, OutcomeUnknownError } from '../base/errors.ts'
import type { Fault } from './fault.ts'
import type { CallState } from './outgoing-call.ts'

export type Decision =
  | 'keep'
  | 'resend'
  /** Resend after a wait. */
  | 'delay'
  | 'unreachable'
  | 'outcome unknown'
  | 'never started'
  /** The refusal is the call's error. */
  | 'refused'

/** How often something is tried, and how often it has failed since it last made progress. */
export interface Tries {
  readonly retries: number
  faults: number
}

/** What a decision needs to know about a call, and what it counts there. */
export interface TriedCall extends Tries {
  readonly state: CallState
  /** It was sent, and nothing of its streams has moved: it can be sent again as it is. */
  readonly canResend: boolean
  readonly request: { readonly name: string; readonly isIdempotent: boolean }
  /** How often it was resent because its session was lost. */
  reruns: number
  /** It will be tried again. */
  onRetry(fault: Fault, reason: IsockError): void
}

/**
 * Counts the fault where it costs a retry, says what is to be done, and notifies the call where it will be tried again. `outlives`:
 * whether the call outlives that the server of its session cannot be reached; undefined: there is no session.
 */
export function decide(call: TriedCall, fault: Fault, reason: IsockError, outlives?: boolean): Decision {
  // What was not sent was not tried, unless it was tried to connect for it.
  const wasTried = call.state !== 'waiting' || fault === 'cannot connect' || fault === 'cannot resume'
  const decision = decided(call, fault, outlives)
  if (wasTried && (decision === 'keep' || decision === 'resend' || decision === 'delay')) call.onRetry(fault, reason)
  return decision
}

function decided(call: TriedCall, fault: Fault, outlives?: boolean): Decision {
  const isSent = call.state !== 'waiting'
  switch (fault) {
    case 'cannot connect':
      if (outlives ?? spendRetry(call)) return 'keep'
      return isSent ? 'outcome unknown' : 'unreachable'
    case 'cannot resume':
      // Another address may still take it.
      return !isSent || mayRunAgain(call) || (outlives ?? spendRetry(call)) ? 'keep' : 'outcome unknown'
    case 'link lost':
      return !isSent || spendRetry(call) ? 'keep' : 'outcome unknown'
    case 'session lost':
      if (!isSent) return 'keep'
      if (!mayRunAgain(call)) return 'outcome unknown'
      call.reruns++
      return 'resend'
    case 'server left':
      if (!isSent) return 'keep'
      return call.canResend && spendRetry(call) ? 'resend' : 'never started'
    case 'refused as busy':
      return call.canResend && call.retries > 0 ? 'delay' : 'refused'
    case 'refused at the end':
      return call.canResend && spendRetry(call) ? 'delay' : 'refused'
  }
}

/** It was sent, and may be run in another session when this one is lost. */
export function mayRunAgain(call: Omit<TriedCall, 'state' | 'faults' | 'onRetry'>): boolean {
  return call.canResend && call.request.isIdempotent && call.reruns <= call.retries
}

/** False: none was left. */
export function spendRetry(tries: Tries): boolean {
  return ++tries.faults <= tries.retries
}

/**
 * The error as the call's user may see it. Each refusal speaks for its own session, while the call may have been started in
 * one before: then it is the cause of an OutcomeUnknownError.
 */
export function truthful(
  call: { readonly mayHaveRun: boolean; readonly request: { readonly name: string } },
  error: IsockError,
): IsockError {
  if (!error.notStarted || !call.mayHaveRun) return error
  // These two say why nobody waits any more, whatever the handler does.
  if (error instanceof DeadlineError || error instanceof CancelledError)
    return Object.defineProperty(error, 'notStarted', { value: false, enumerable: true })
  const message = `the outcome of action "${call.request.name}" is unknown: it was sent in a session that was lost, and then: ${error.message}`
  return new OutcomeUnknownError(message, { cause: error })
}
