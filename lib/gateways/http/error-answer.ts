// Converts errors to responses: the status of each, and what the client sees of it. Never includes a stack or a cause.

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
import { type WebHost, WebRefusal } from '../../features/web/gateway.ts'
import { AdmissionRefusal } from '../admission.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { type JsonValue, toJsonValue } from '../json-values.ts'
import { InternalError, publicError } from '../public-errors.ts'
import { statusOfCode } from '../status-codes.ts'

/** An error that an action threw, as passed to `statusOf`. */
export interface FailedCall {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

/** A refused request, with a code for programs and headers for the response. */
export class HttpError extends WebRefusal {
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(status, message)
    this.name = 'HttpError'
    this.code = code
    this.headers = headers
  }
}

/** Seconds to wait before a retry. Usually there is room within moments. */
export const retryAfter = { 'retry-after': '1' } as const

/** The statuses of errors of `isock/data`, which actions may let through, by wire name. */
const dataStatuses: ReadonlyMap<string, number> = new Map([
  ['NotFoundError', 404],
  ['ConflictError', 409],
  ['AmbiguousError', 400],
  ['InvalidDataError', 400],
  ['StoreUnavailableError', 503],
])

/** Fields of an error that are sent under another name, or not at all. */
const hiddenFields: ReadonlySet<string> = new Set([
  'name',
  'message',
  'code',
  'stack',
  'cause',
  'notStarted',
  'issues',
  'isDeclared',
])

/** The `Retry-After` header of an error, in whole seconds. */
function retryAfterOf(error: unknown): Readonly<Record<string, string>> {
  const ms = error instanceof BusyError ? error.retryAfterMs : undefined
  return typeof ms === 'number' && ms > 1_000 && ms < 1e9
    ? { 'retry-after': String(Math.ceil(ms / 1_000)) }
    : retryAfter
}

type ErrorHost = Pick<WebHost, 'exposeErrors' | 'log'>

/** Converts the error that ended a call to a response. */
export class ErrorAnswers {
  readonly #statusOf: ((error: FailedCall) => number | undefined) | undefined
  readonly #host: ErrorHost

  constructor(statusOf: ((error: FailedCall) => number | undefined) | undefined, host: ErrorHost) {
    this.#statusOf = statusOf
    this.#host = host
  }

  answer(given: unknown): Answer {
    const error = this.#visible(given)
    const status = this.#status(given, error instanceof InternalError)
    const headers = error instanceof HttpError ? error.headers : status === 503 ? retryAfterOf(error) : {}
    return jsonAnswer(status, JSON.stringify(bodyOf(error)), headers)
  }

  /** Converts the error to an event of a stream. */
  eventText(given: unknown): string {
    return JSON.stringify(bodyOf(this.#visible(given)).error)
  }

  #visible(error: unknown): unknown {
    return error instanceof WebRefusal ? httpErrorOf(error) : publicError(error, this.#host)
  }

  #status(error: unknown, isHidden: boolean): number {
    if (error instanceof WebRefusal) return error.status
    if (!isHidden && isOwn(error)) return statusOfCode[error.code as ErrorCode] ?? 500
    try {
      const status = this.#statusOf?.(failedCall(error))
      if (Number.isInteger(status) && (status as number) >= 400 && (status as number) < 600) return status as number
      if (status !== undefined) this.#fault(new TypeError(`statusOf returned ${String(status)}; expected 400 to 599`))
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

/** Adds the code and the headers that a WebRefusal does not have. */
function httpErrorOf(refusal: WebRefusal): HttpError {
  if (refusal instanceof HttpError) return refusal
  const { status, message } = refusal
  const code = refusal instanceof AdmissionRefusal ? refusal.code : 'BAD_REQUEST'
  const headers = status === 401 ? { 'www-authenticate': 'Bearer realm="isock"' } : status === 503 ? retryAfter : {}
  return new HttpError(status, code, message, headers)
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

/** Whether the code determines the status: only for isock's own errors, because those of an action may have any code. */
function isOwn(error: unknown): error is IsockError {
  if (!(error instanceof IsockError) || error instanceof RemoteError || error instanceof ActionError) return false
  const isAlways = [AuthError, BusyError, CancelledError, DeadlineError, OutcomeUnknownError, ValidationError].some(
    (Class) => error instanceof Class,
  )
  return isAlways || Object.hasOwn(statusOfCode, error.code)
}

function failedCall(error: unknown): FailedCall {
  if (!(error instanceof Error)) {
    const message = 'the action threw a non-Error value'
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
  if (error instanceof HttpError) return {}
  const fields = error instanceof RemoteError ? error.data : error
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !hiddenFields.has(key)))
}

function jsonOrNothing(value: unknown): JsonValue | undefined {
  try {
    return toJsonValue(value)
  } catch {
    // The message is enough.
    return undefined
  }
}
