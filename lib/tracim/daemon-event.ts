// A DaemonEvent and its JSON. Checks everything from a peer.
import { describe } from '../core/base/options.ts'
import { documentedNames } from './event-types.ts'

const maxTypeLength = 200
const maxPidLength = 20

/** The message between daemon and clients: one JSON document per connection. */
export interface DaemonEvent<Data = unknown> {
  /** See `daemonEventTypes`. */
  readonly type: string
  /** The sender's socket, to which the answer goes. */
  readonly path: string
  /** Null if the type has none. */
  readonly data: Data
}

/** Why a document is not a usable event. Its message is safe to log. */
export class BadEvent extends Error {}

/** @throws BadEvent, with a message that names the fault. */
export function parseEvent(bytes: Uint8Array): DaemonEvent {
  const value = parseJson(bytes)
  if (!isRecord(value)) throw new BadEvent(`expected a JSON object, got ${describe(value)}`)
  const { type, path, data } = value
  if (typeof type !== 'string' || type === '' || type.length > maxTypeLength) {
    throw new BadEvent(`type: expected a text of 1 to ${maxTypeLength} characters, got ${describe(type)}`)
  }
  if (typeof path !== 'string') throw new BadEvent(`path: expected a text, got ${describe(path)}`)
  return {
    type: Object.hasOwn(documentedNames, type) ? (documentedNames[type] as string) : type,
    path,
    data: data ?? null,
  }
}

/** @throws TypeError or RangeError if the data cannot be written as JSON. */
export function formatEvent(event: DaemonEvent): Buffer {
  return Buffer.from(JSON.stringify({ type: event.type, path: event.path, data: event.data ?? null }))
}

/** The client that an event is about. @throws BadEvent */
export function readClientData(event: DaemonEvent): { path: string; pid: string } {
  const { data } = event
  if (!isRecord(data)) throw new BadEvent(`data: expected { path, pid }, got ${describe(data)}`)
  const { path, pid } = data
  if (path !== event.path) throw new BadEvent('data.path: expected the same as path')
  const text = Number.isSafeInteger(pid) ? String(pid) : pid
  if (typeof text !== 'string' || text.length > maxPidLength || !/^\d*$/.test(text)) {
    throw new BadEvent(`data.pid: expected the number of a process, got ${describe(pid)}`)
  }
  return { path, pid: text }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new BadEvent(`expected JSON in UTF-8, got ${bytes.length} bytes of something else`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new BadEvent(`expected a JSON document, got ${bytes.length} bytes of something else`)
  }
}
