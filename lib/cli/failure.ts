// Failures of a command, as exit codes and messages. Stacks are shown only with ISOCK_DEBUG.
import {
  AuthError,
  ClientError,
  DeadlineError,
  LinkError,
  OutcomeUnknownError,
  ProtocolError,
} from '../core/base/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** A failure of the command itself; its message is shown to the user unchanged. */
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

/** @param wasConnected whether the server had accepted the client: some errors mean something else before that. */
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

/** One line for people: what was attempted, and what prevented it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // The cause is what a user can fix: the address that refuses, rather than the call that could not be sent.
  const { cause } = error
  return error instanceof ClientError && error.code === 'UNREACHABLE' && cause instanceof Error
    ? cause.message
    : error.message
}

/** The stack, if the user asked for it. */
export function debugText(error: unknown): string {
  return process.env['ISOCK_DEBUG'] && error instanceof Error ? `${error.stack}\n` : ''
}
