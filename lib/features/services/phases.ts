// The phases of a service, and which of its methods may run in each.
//
//   new ──init──> initialized ──exit──> terminated     exec: only while initialized
import { ServerError } from '../../core/base/errors.ts'
import type { Verb } from './service.ts'

/**
 *   new ──> initialized ──> terminated
 */
export type ServicePhase = 'new' | 'initialized' | 'terminated'

/** Throws ServerError, as not started: `TERMINATED`, `ALREADY_INITIALIZED`, `NOT_INITIALIZED`. `label`: such as `service "Counter"`. */
export function requirePhase(phase: ServicePhase, verb: Verb, label: string): void {
  if (phase === 'terminated') throw refusal('TERMINATED', `${label} was terminated and cannot be used any more`)
  if (verb === 'init') {
    if (phase === 'initialized') throw refusal('ALREADY_INITIALIZED', `${label} is already initialized`)
  } else if (phase === 'new') {
    throw refusal('NOT_INITIALIZED', `${label} is not initialized; call initialize() first`)
  }
}

function refusal(code: 'NOT_INITIALIZED' | 'ALREADY_INITIALIZED' | 'TERMINATED', message: string): ServerError {
  return new ServerError(message, { code, notStarted: true })
}
