// Errors as answers: which status each has, and what is told of it. Never a stack, never a cause.
import {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  DeadlineError,
  type ErrorCode,
  IsockError,
  OutcomeUnknownError,
  RemoteError,
  ValidationError,
} from '../../core/base/errors.ts'
import { ownWireNameOf } from '../../core/base/own-classes.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { type JsonValue, toJsonValue } from '../json-values.ts'
import { forStrangers, InternalError } from '../stranger-errors.ts'

/** An error that an action threw, as it is told of: for `statusOf`. */
export interface FailedCall {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

/** What is wrong with the request itself, or with the moment. */
export class HttpFault extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** After how many seconds to ask again: what fills up here empties within moments. */
export const retryAfter = { 'retry-after': '1' } as const

/** isock's own codes. The others are 500. */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  BAD_REQUEST: 400,
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 403,
  NOT_ALLOWED: 403,
  UNKNOWN_ACTION: 404,
  UNKNOWN_CHANNEL: 404,
  UNKNOWN_PROCESS: 404,
  UNKNOWN_SERVICE: 404,
  UNKNOWN_SESSION: 404,
  ALREADY_INITIALIZED: 409,
  NOT_INITIALIZED: 409,
  ALREADY_RUNNING: 409,
  NOT_RUNNING: 409,
  NAME_TAKEN: 409,
  CANCELLED: 499,
  OUTCOME_UNKNOWN: 502,
  BUSY: 503,
  QUEUE_FULL: 503,
  SHUTTING_DOWN: 503,
  UNREACHABLE: 503,
  CLOSED: 503,
  LINK_LOST: 503,
  DEADLINE_EXCEEDED: 504,
}

/** The errors of `isock/data`, by wire name, which actions may let through. */
const dataStatuses: ReadonlyMap<string, number> = new Map([
  ['NotFoundError', 404],
  ['ConflictError', 409],
  ['AmbiguousError', 400],
  ['InvalidDataError', 400],
  ['StoreUnavailableError', 503],
])

/** Own fields that are told by another name, or not at all. */
const toldElsewhere: ReadonlySet<string> = new Set([
  'name',
  'message',
  'code',
  'stack',
  'cause',
  'notStarted',
  'issues',
  'isDeclared',
])

type ErrorHost = Pick<WebHost, 'exposeErrors' | 'log'>

/** Makes answers of whatever a call ended with. */
export class ErrorAnswers {
  readonly #statusOf: ((error: FailedCall) => number | undefined) | undefined
  readonly #host: ErrorHost

  constructor(statusOf: ((error: FailedCall) => number | undefined) | undefined, host: ErrorHost) {
    this.#statusOf = statusOf
    this.#host = host
  }

  answer(given: unknown): Answer {
    const error = this.#told(given)
    const status = this.#status(given, error instanceof InternalError)
    const headers = error instanceof HttpFault ? error.headers : status === 503 ? retryAfter : {}
    return jsonAnswer(status, JSON.stringify(bodyOf(error)), headers)
  }

  /** The same as one event of a stream. */
  eventText(given: unknown): string {
    return JSON.stringify(bodyOf(this.#told(given)).error)
  }

  #told(error: unknown): unknown {
    return error instanceof HttpFault ? error : forStrangers(error, this.#host)
  }

  #status(error: unknown, isHidden: boolean): number {
    if (error instanceof HttpFault) return error.status
    if (!isHidden && isOwn(error)) return statuses[error.code as ErrorCode] ?? 500
    try {
      const status = this.#statusOf?.(failedCall(error))
      if (Number.isInteger(status) && (status as number) >= 400 && (status as number) < 600) return status as number
      if (status !== undefined) this.#fault(new TypeError(`statusOf gave ${String(status)}, no status from 400 to 599`))
    } catch (fault) {
      this.#fault(fault)
    }
    const wireName = error instanceof ActionError ? ownWireNameOf(Object.getPrototypeOf(error) as object) : undefined
    return dataStatuses.get(wireName ?? '') ?? 500
  }

  #fault(error: unknown): void {
    this.#host.log.error({ error }, 'statusOf failed')
  }
}

/** `{ error: { name, code, message, data?, issues?, notStarted? } }` */
function bodyOf(error: unknown): { readonly error: JsonValue } {
  const { name, message, code, data } = failedCall(error)
  const fields = Object.keys(data).length === 0 ? undefined : jsonOrNothing(data)
  return {
    error: {
      name,
      code: code ?? 'REMOTE_ERROR',
      message,
      ...(fields === undefined ? {} : { data: fields }),
      ...(error instanceof ValidationError ? { issues: jsonOrNothing(error.issues) ?? [] } : {}),
      ...(error instanceof IsockError && error.notStarted ? { notStarted: true } : {}),
    },
  }
}

/** Whether isock's code says what it is: of an action's own errors a code may be anything. */
function isOwn(error: unknown): error is IsockError {
  if (!(error instanceof IsockError) || error instanceof RemoteError || error instanceof ActionError) return false
  const isAlways = [AuthError, BusyError, CancelledError, DeadlineError, OutcomeUnknownError, ValidationError].some(
    (Class) => error instanceof Class,
  )
  return isAlways || Object.hasOwn(statuses, error.code)
}

function failedCall(error: unknown): FailedCall {
  if (!(error instanceof Error)) {
    const message = 'the action threw a value that is no error'
    return { name: 'Error', message, code: undefined, data: { thrown: error } }
  }
  const { code } = error as { readonly code?: unknown }
  const isCode = typeof code === 'string' || typeof code === 'number'
  return {
    name: String(error.name),
    message: String(error.message),
    code: isCode ? String(code) : undefined,
    data: dataOf(error),
  }
}

function dataOf(error: Error): Readonly<Record<string, unknown>> {
  if (error instanceof HttpFault) return {}
  const fields = error instanceof RemoteError ? error.data : error
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !toldElsewhere.has(key)))
}

function jsonOrNothing(value: unknown): JsonValue | undefined {
  try {
    return toJsonValue(value)
  } catch {
    // The message is what counts.
    return undefined
  }
}
