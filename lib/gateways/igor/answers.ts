// What an Igor client is told, as JSON text. The shapes are Igor's; `code` and `name` of errors come in addition.
import { ActionError, AuthError, IsockError, RemoteError } from '../../core/base/errors.ts'
import { toJsonText } from '../json-values.ts'
import type { StreamId } from './message.ts'

/** Codes of errors that the gateway itself makes; like HTTP's. */
export const code = { bad: 400, stranger: 401, forbidden: 403, conflict: 409, busy: 503 } as const

/** By isock's own code: what a number says of an error. All others are 500. */
const codeOf: Readonly<Record<string, number>> = {
  UNKNOWN_ACTION: 400,
  UNKNOWN_PROCESS: 400,
  INVALID_INPUT: 400,
  BAD_REQUEST: 400,
  UNAUTHENTICATED: 401,
  NOT_ALLOWED: 403,
  NAME_TAKEN: 409,
  TOO_LARGE: 413,
  CANCELLED: 499,
  BUSY: 503,
  QUEUE_FULL: 503,
  SHUTTING_DOWN: 503,
  CLOSED: 503,
  UNREACHABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

/** One value of a stream. Throws UnsendableError. */
export function dataText(streamId: StreamId, data: unknown): string {
  return `{"streamId":${JSON.stringify(streamId)},"data":${toJsonText(data)}}`
}

/** One item of a stream. An error as an item is reported, and does not end the stream: Igor's `send_error`. Throws UnsendableError. */
export function itemText(streamId: StreamId, item: unknown): string {
  return item instanceof Error ? errorText(streamId, item) : dataText(streamId, item)
}

export function closeText(streamId: StreamId): string {
  return JSON.stringify({ streamId, close: true })
}

/** One event of a process. An error as its data is reported as Igor's processes do it, without the event's name. Throws UnsendableError. */
export function eventText(process: string, event: string, data: unknown): string {
  if (data instanceof Error) return errorText(process, data)
  return `{"streamId":${JSON.stringify(process)},"action":${JSON.stringify(event)},"data":${toJsonText(data)}}`
}

/** What a stream reports, or ended with; `wasSent`: the action may have begun. Never throws. */
export function errorText(streamId: StreamId, error: unknown, wasSent = true): string {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: 'the action failed' }
  return JSON.stringify({ streamId, error: String(message), code: numberOf(error, wasSent), name: String(name) })
}

/** What is wrong with a message; without a stream where it named none. */
export function refusalText(error: string, number: number, streamId?: StreamId): string {
  return JSON.stringify({ ...(streamId === undefined ? {} : { streamId }), error, code: number })
}

/** What a number says of why the server did not let a client in. */
export function admissionCode(error: unknown): number {
  if (error instanceof AuthError) return code.stranger
  if (!(error instanceof IsockError)) return code.busy
  // Credentials or a name that do not fit the first frame of a session.
  if (error.code === 'INVALID_OPTION') return code.bad
  return error.code === 'NAME_TAKEN' ? code.conflict : code.busy
}

function numberOf(error: unknown, wasSent: boolean): number {
  // The codes of actions' own errors are theirs.
  if (!(error instanceof IsockError) || error instanceof ActionError || error instanceof RemoteError) return 500
  // A value that could not be sent is the client's fault on the way in, and the action's on the way out.
  if (error.code === 'UNSENDABLE') return wasSent ? 500 : 400
  return Object.hasOwn(codeOf, error.code) ? (codeOf[error.code] as number) : 500
}
