// The errors of isock's core: one base class, and a union of codes that features extend. Leaves how errors are sent to
// wire/rich/error-record.ts.

import { named } from './own-classes.ts'

/** Codes that features add by declaration merging: each field name is a code. */
// biome-ignore lint/suspicious/noEmptyInterface: features add to it
export interface FeatureErrorCodes {}

/** The codes of isock's own errors. Callers branch on the code or on the class. */
export type ErrorCode =
  | keyof FeatureErrorCodes
  | 'INVALID_USAGE'
  | 'INVALID_OPTION'
  | 'MISSING_PACKAGE'
  | 'UNREACHABLE'
  | 'CLOSED'
  | 'QUEUE_FULL'
  | 'ITEMS_DISCARDED'
  | 'UNSENDABLE'
  | 'UNKNOWN_ACTION'
  | 'UNKNOWN_CHANNEL'
  | 'INVALID_CHANNEL'
  | 'DUPLICATE_CHANNEL'
  | 'UNKNOWN_PROCESS'
  | 'UNKNOWN_SESSION'
  | 'SESSION_ENDED'
  | 'UNKNOWN_SERVICE'
  | 'INVALID_SERVICE'
  | 'DUPLICATE_SERVICE'
  | 'ALREADY_INITIALIZED'
  | 'NOT_INITIALIZED'
  | 'TERMINATED'
  | 'NOT_ALLOWED'
  | 'NO_RESPONSE'
  | 'DUPLICATE_ACTION'
  | 'DUPLICATE_TASK'
  | 'DUPLICATE_PROCESS'
  | 'NAME_TAKEN'
  | 'INVALID_ACTION'
  | 'CONTRACT_MISMATCH'
  | 'ADDRESS_IN_USE'
  | 'ALREADY_RUNNING'
  | 'NOT_RUNNING'
  | 'LISTEN_FAILED'
  | 'SHUTTING_DOWN'
  | 'BAD_REQUEST'
  | 'TOO_LARGE'
  | 'PROTOCOL'
  | 'LINK_LOST'
  | 'INTERNAL'
  | 'ACTION_ERROR'
  | 'INVALID_INPUT'
  | 'INVALID_OUTPUT'
  | 'UNAUTHENTICATED'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'OUTCOME_UNKNOWN'
  | 'BUSY'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'REMOTE_ERROR'

/** Options of every isock error: the cause, and whether the call's handler is known not to have started. */
export interface IsockErrorOptions {
  readonly cause?: unknown | undefined
  /** True if the handler certainly did not start, so that running the call again is safe. Default false. */
  readonly notStarted?: boolean | undefined
}

/**
 * The base of all errors that isock makes.
 *
 * @example
 * try { await client.runAction(Echo, 'hi') } catch (error) {
 *   if (error instanceof IsockError && error.notStarted) console.log('safe to run again')
 * }
 */
export class IsockError extends Error {
  /** One of {@link ErrorCode} for isock's own errors; free for {@link ActionError} and {@link RemoteError}. */
  readonly code: string
  /** True if the handler certainly did not start. */
  readonly notStarted: boolean
  constructor(code: string, message: string, options: IsockErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.notStarted = options.notStarted ?? false
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true })
  }
}

/** The caller's side: wrong use, an unreachable server, retries exhausted. */
export class ClientError extends IsockError {
  constructor(message: string, options: IsockErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? 'INVALID_USAGE', message, options)
  }
}

/** The server's side: unknown or duplicate action, port taken, shutting down, a request that could not be read. */
export class ServerError extends IsockError {
  constructor(message: string, options: IsockErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? 'INTERNAL', message, options)
  }
}

/**
 * The base class for errors that actions throw on purpose. List a subclass in the action's `static errors`, and it keeps
 * its class at the client.
 *
 * @example
 * export class OutOfStock extends ActionError {
 *   readonly left: number
 *   constructor(left: number) { super(`only ${left} left`); this.left = left }
 * }
 */
export class ActionError extends IsockError {
  constructor(message: string, options: IsockErrorOptions & { readonly code?: string } = {}) {
    super(options.code ?? 'ACTION_ERROR', message, options)
  }
}

/** One problem that a schema found: the message, and the path in the value. */
export interface ValidationIssue {
  readonly message: string
  readonly path?: readonly (string | number)[]
}

/** A value rejected by its Standard Schema. For input, the handler was not started. */
export class ValidationError extends IsockError {
  readonly issues: readonly ValidationIssue[]

  constructor(
    message: string,
    issues: readonly ValidationIssue[],
    options: IsockErrorOptions & { readonly code?: 'INVALID_INPUT' | 'INVALID_OUTPUT' } = {},
  ) {
    super(options.code ?? 'INVALID_INPUT', message, options)
    this.issues = issues
  }
}

/** A peer rejected by a guard or the gate. */
export class AuthError extends IsockError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super('UNAUTHENTICATED', message, { notStarted: true, ...options })
  }
}

/** The call timed out. The handler may have run; `notStarted` is true if it certainly did not. */
export class DeadlineError extends IsockError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super('DEADLINE_EXCEEDED', message, options)
  }
}

/** The call was cancelled. The handler may have run; `notStarted` is true if it certainly did not. */
export class CancelledError extends IsockError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}

/** The error for an argument that is rejected before anything else happens. */
export function invalidUsage(message: string): ClientError {
  return new ClientError(message, { code: 'INVALID_OPTION', notStarted: true })
}

/** The call was handed to the network and its outcome cannot be known: it ran once, or not at all. */
export class OutcomeUnknownError extends IsockError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super('OUTCOME_UNKNOWN', message, options)
  }
}

/** A bound was reached and the call was refused before it started. */
export class BusyError extends IsockError {
  /** Milliseconds after which another attempt makes sense; undefined: unknown. isock's clients wait so long, up to a minute. */
  declare readonly retryAfterMs?: number | undefined

  constructor(message: string, options: IsockErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super('BUSY', message, { notStarted: true, ...options })
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

/** A value that cannot be sent, rejected on the sending side. `path` names the part at fault; the whole value if it is too large. */
export class UnsendableError extends IsockError {
  readonly path: string

  constructor(
    path: string,
    reason: string,
    options: IsockErrorOptions & { readonly code?: 'UNSENDABLE' | 'TOO_LARGE' } = {},
  ) {
    super(options.code ?? 'UNSENDABLE', `cannot send ${path}: ${reason}`, options)
    this.path = path
  }
}

/** What a {@link RemoteError} keeps of the error thrown by the other side. */
export interface RemoteErrorFields {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  readonly data?: Record<string, unknown>
  readonly cause?: unknown
  /** Default false. */
  readonly isDeclared?: boolean
}

/**
 * An error of a class that this side does not know. Name, message and code are kept; own fields (`data`) and cause only if
 * the other side declared the class or threw an ActionError.
 */
export class RemoteError extends IsockError {
  /** The own fields of the thrown error, other than name, message, code and cause. */
  readonly data: Record<string, unknown>
  /** True if the error was meant for callers: the other side declared its class, or threw an ActionError. */
  declare readonly isDeclared: boolean

  constructor(fields: RemoteErrorFields) {
    super(String(fields.code ?? 'REMOTE_ERROR'), fields.message, { cause: fields.cause })
    Object.defineProperty(this, 'name', { value: fields.name, configurable: true, writable: true })
    this.data = fields.data ?? {}
    Object.defineProperty(this, 'isDeclared', { value: fields.isDeclared ?? false })
  }
}

/** Bytes that break the protocol. The link they came over is closed; sessions and other links continue. */
export class ProtocolError extends IsockError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super('PROTOCOL', message, options)
  }
}

/** A link that ended: by its peer, by the network, or by a bound (silence, a frame that never ended). */
export class LinkError extends IsockError {
  constructor(message: string, options: IsockErrorOptions = {}) {
    super('LINK_LOST', message, options)
  }
}

/** The classes of this file that keep their class on the wire. */
export const ownErrorClasses: readonly (abstract new (...args: never[]) => Error)[] = named({
  IsockError,
  ClientError,
  ServerError,
  ActionError,
  ValidationError,
  AuthError,
  DeadlineError,
  CancelledError,
  OutcomeUnknownError,
  BusyError,
  UnsendableError,
  RemoteError,
  ProtocolError,
  LinkError,
} as never)
