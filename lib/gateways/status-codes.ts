// Status codes of gateways: HTTP's, and the numbers that Igor's clients read. A single table by isock's error codes.
import type { ErrorCode } from '../core/base/errors.ts'

/** Refusals by the gateways themselves. */
export const status = {
  badRequest: 400,
  unauthenticated: 401,
  forbidden: 403,
  conflict: 409,
  headersTooLarge: 431,
  busy: 503,
} as const

/** A code that is missing here is 500. */
export const statusOfCode: Readonly<Partial<Record<ErrorCode, number>>> = {
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
  IDEMPOTENCY_KEY_REUSED: 422,
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
