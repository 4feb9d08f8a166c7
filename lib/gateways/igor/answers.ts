// The messages to Igor's clients, as JSON text. The shapes are Igor's; `code` and `name` of errors are additions.
import { ActionError, type ErrorCode, IsockError, RemoteError } from '../../core/base/errors.ts'
import { toJsonText } from '../json-values.ts'
import { statusOfCode } from '../status-codes.ts'
import type { StreamId } from './message.ts'

/** Where Igor's numbers differ from HTTP's statuses. */
const igorCodes: Readonly<Record<string, number>> = {
  UNKNOWN_ACTION: 400,
  UNKNOWN_PROCESS: 400,
  UNAUTHENTICATED: 401,
  TOO_LARGE: 413,
}

/** One value of a stream. Throws UnsendableError. */
export function dataText(streamId: StreamId, data: unknown): string {
  return `{"streamId":${JSON.stringify(streamId)},"data":${toJsonText(data)}}`
}

/**
 * One item of a stream. An Error as an item is reported without ending the stream: Igor's `send_error`. Throws
 * UnsendableError.
 */
export function itemText(streamId: StreamId, item: unknown): string {
  return item instanceof Error ? errorText(streamId, item) : dataText(streamId, item)
}

export function closeText(streamId: StreamId): string {
  return JSON.stringify({ streamId, close: true })
}

/**
 * One event of a process. An Error as its data is reported like Igor's processes do, without the event's name. Throws
 * UnsendableError.
 */
export function eventText(process: string, event: string, data: unknown): string {
  if (data instanceof Error) return errorText(process, data)
  return `{"streamId":${JSON.stringify(process)},"action":${JSON.stringify(event)},"data":${toJsonText(data)}}`
}

/** An error that a stream reports, or ended with. `wasSent`: the action may have started. Never throws. */
export function errorText(streamId: StreamId, error: unknown, wasSent = true): string {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: 'the action failed' }
  return JSON.stringify({ streamId, error: String(message), code: codeOf(error, wasSent), name: String(name) })
}

/** The refusal of a message; without a stream if the message named none. */
export function refusalText(error: string, code: number, streamId?: StreamId): string {
  return JSON.stringify({ ...(streamId === undefined ? {} : { streamId }), error, code })
}

function codeOf(error: unknown, wasSent: boolean): number {
  // An action's own errors may have any code.
  if (!(error instanceof IsockError) || error instanceof ActionError || error instanceof RemoteError) return 500
  // A value that cannot be sent is the client's fault on the way in, and the action's on the way out.
  if (error.code === 'UNSENDABLE') return wasSent ? 500 : 400
  if (Object.hasOwn(igorCodes, error.code)) return igorCodes[error.code] as number
  return Object.hasOwn(statusOfCode, error.code) ? (statusOfCode[error.code as ErrorCode] as number) : 500
}
