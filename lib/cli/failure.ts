// What went wrong, as an exit code and as words. No stacks: they are for ISOCK_DEBUG.
import {
  AuthError,
  ClientError,
  DeadlineError,
  LinkError,
  OutcomeUnknownError,
  ProtocolError,
} from '../core/base/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** A failure of the command itself, told to its user as it is. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

export function usageFailure(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(message, exitCodes.usage, cause)
}

/** @param wasConnected whether the server had let us in: errors of one class mean another thing before. */
export function exitCodeOf(error: unknown, wasConnected: boolean): ExitCode {
  if (error instanceof CommandFailure) return error.exitCode
  if (error instanceof OutcomeUnknownError) return exitCodes.outcomeUnknown
  if (error instanceof DeadlineError) return wasConnected ? exitCodes.outcomeUnknown : exitCodes.unreachable
  if (error instanceof AuthError) return wasConnected ? exitCodes.failed : exitCodes.notLetIn
  if (error instanceof LinkError || error instanceof ProtocolError) return exitCodes.unreachable
  if (!(error instanceof ClientError)) return exitCodes.failed
  if (error.code === 'UNREACHABLE' || error.code === 'NOT_RUNNING') return exitCodes.unreachable
  if (error.code === 'NO_RESPONSE' && !wasConnected) return exitCodes.unreachable
  return error.code === 'INVALID_OPTION' && !wasConnected ? exitCodes.usage : exitCodes.failed
}

/** One line for people: what we were about to do, and what stood in the way. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // The cause says what a user can mend: the address that refuses, rather than the call that could not be sent.
  const { cause } = error
  return error instanceof ClientError && error.code === 'UNREACHABLE' && cause instanceof Error
    ? cause.message
    : error.message
}

/** The stack, where the user asked for it. */
export function debugText(error: unknown): string {
  return process.env['ISOCK_DEBUG'] && error instanceof Error ? `${error.stack}\n` : ''
}
