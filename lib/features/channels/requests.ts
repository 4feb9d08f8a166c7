// Reads clients' requests to channels. They are untrusted: every shape, length and number is checked.
import { ServerError } from '../../core/base/errors.ts'
import { describe } from '../../core/base/options.ts'
import type { Since } from './channel-actions.ts'

/** A room named by a client. The key is '' for the room without one. */
export interface RoomName {
  readonly channel: string
  readonly key: string
}

const maxNameLength = 200
const maxIdLength = 100

/** Throws ServerError (`BAD_REQUEST`). */
export function readRoomName(data: unknown, maxKeyLength: (channel: string) => number): RoomName {
  const { channel, key } = fieldsOf(data)
  if (!isString(channel, maxNameLength)) throw bad('channel', `a string of 1 to ${maxNameLength} characters`, channel)
  return { channel, key: readKey(key, maxKeyLength(channel)) }
}

/** The key of a room; '' for undefined. Throws ServerError (`BAD_REQUEST`). */
export function readKey(key: unknown, maxKeyLength: number): string {
  if (key === undefined) return ''
  if (isString(key, maxKeyLength)) return key
  throw bad('key', `a string of 1 to ${maxKeyLength} characters`, key)
}

/** Throws ServerError (`BAD_REQUEST`). */
export function readSince(data: unknown): Since | undefined {
  const { since } = fieldsOf(data)
  if (since === undefined || since === 'oldest') return since
  const { epoch, offset, session } = fieldsOf(since)
  if (!isString(epoch, maxIdLength)) throw bad('since.epoch', 'a string', epoch)
  if (!Number.isSafeInteger(offset) || (offset as number) < 0) throw bad('since.offset', 'a whole number', offset)
  if (session !== undefined && !isString(session, maxIdLength)) throw bad('since.session', 'a session id', session)
  const position = { epoch, offset: offset as number }
  return session === undefined ? position : { ...position, session }
}

export function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { ...data }
  throw bad('the request', 'an object', data)
}

function isString(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxLength
}

function bad(what: string, expected: string, received: unknown): ServerError {
  return new ServerError(`${what}: expected ${expected}, got ${describe(received)}`, {
    code: 'BAD_REQUEST',
    notStarted: true,
  })
}
