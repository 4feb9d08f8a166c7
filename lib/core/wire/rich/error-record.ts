// Errors to records and back, without running a constructor: an error keeps its class if both sides declared it, and is a
// RemoteError otherwise. Thrown values, which are sent even if parts of them cannot be, are in encode-thrown.ts.

import { setStack } from '../../base/error-stack.ts'
import { RemoteError, type RemoteErrorFields } from '../../base/errors.ts'
import type { Payload } from '../bytes/payload.ts'
import { badRequest } from '../values/bad-request.ts'
import { defineField, isTaken } from '../values/own-fields.ts'
import type { ClassRegistry } from './class-registry.ts'
import { defineHidden, hasHiddenErrors, isFieldName } from './error-fields.ts'

/** An error on the wire. */
export interface ErrorRecord {
  /** The wire name of its class, if the sender declared the class. */
  readonly class?: string
  /** Omitted if it equals the wire name of the class. */
  readonly name?: string
  readonly message: string
  readonly stack?: string
  readonly cause?: unknown
  /** The errors of an AggregateError. */
  readonly errors?: readonly unknown[]
  /** Its own enumerable fields other than the above. */
  readonly fields?: Readonly<Record<string, unknown>>
}

const keysOfRecord = new Set(['class', 'name', 'message', 'stack', 'cause', 'errors', 'fields'])

/** An error's record without its fields (see errorFieldNames): the code that copies those can say which cannot be serialized. */
export function toErrorRecord(
  error: Error,
  options: { readonly registry: ClassRegistry; readonly exposeStacks?: boolean | undefined },
): ErrorRecord {
  const className = options.registry.nameOfPrototype(Object.getPrototypeOf(error) as object)
  const name = className === undefined ? displayName(error, options.registry) : String(error.name)
  const record: { -readonly [Key in keyof ErrorRecord]: ErrorRecord[Key] } = { message: String(error.message) }
  if (className !== undefined) record.class = className
  if (name !== className) record.name = name
  if (options.exposeStacks) record.stack = String(error.stack)
  if (Object.hasOwn(error, 'cause')) record.cause = error.cause
  if (hasHiddenErrors(error)) record.errors = error.errors
  return record
}

/**
 * The error of a record: of its declared class, or a RemoteError if this side does not know the class.
 *
 * @throws ServerError with code `BAD_REQUEST` for anything but a record of an error.
 */
export function reviveError(record: unknown, registry: ClassRegistry): Error {
  assertErrorRecord(record)
  const Class = record.class === undefined ? undefined : registry.errorNamed(record.class)
  if (!Class) return withStack(unknownError(record), record)
  // Created by Error, so that it counts as a native error everywhere, and then turned into its class.
  const error = withStack(bareError(), record)
  const prototype = Class.prototype as object
  Object.setPrototypeOf(error, prototype)
  const fields = record.fields ?? {}
  for (const key of Object.keys(fields)) if (!isTaken(prototype, key)) defineField(error, key, fields[key])
  // After the fields, because a getter may compute its text from them.
  if (!inherits(error, 'message', record.message)) defineHidden(error, 'message', record.message)
  if (!inherits(error, 'name', nameIn(record))) defineHidden(error, 'name', nameIn(record))
  for (const key of ['cause', 'errors'] as const) {
    if (Object.hasOwn(record, key) && !isTaken(prototype, key)) defineHidden(error, key, record[key])
  }
  return error
}

/** The part of the value codec that thrown values need here. */
export interface ValueDecoder {
  decode(payload: Payload): unknown
}

/**
 * Decodes what the other side threw: an error, revived, or any other value.
 *
 * @throws ServerError with code `BAD_REQUEST` if the payload cannot be read.
 */
export function decodeThrown(codec: ValueDecoder, payload: Payload): unknown {
  return codec.decode(payload)
}

/** The name of an error of an undeclared class: its own; if that is inherited from a known class, the name of its class. */
function displayName(error: Error, registry: ClassRegistry): string {
  const name = String(error.name)
  let prototype = Object.getPrototypeOf(error) as object | null
  const Class: unknown = prototype && Object.hasOwn(prototype, 'constructor') ? prototype.constructor : undefined
  while (prototype && registry.nameOfPrototype(prototype) === undefined) prototype = Object.getPrototypeOf(prototype)
  const inherited = prototype === null ? 'Error' : String((prototype as Error).name)
  return name === inherited && typeof Class === 'function' && Class.name !== '' ? Class.name : name
}

/** Only an undeclared ActionError is sent without its class but with this field. */
function isDeclared(record: ErrorRecord): boolean {
  return record.class !== undefined || typeof record.fields?.['notStarted'] === 'boolean'
}

const unknownClass = Symbol.for('isock.unknownClass')

function unknownError(record: ErrorRecord): RemoteError {
  const error = new RemoteError(remoteFields(record))
  defineHidden(error, unknownClass, error.name)
  return error
}

/** The name of an error's class at the other side, if this side had to make it a RemoteError. */
export function unknownClassOf(error: object): string | undefined {
  return (error as { readonly [unknownClass]?: string })[unknownClass]
}

function remoteFields(record: ErrorRecord): RemoteErrorFields {
  const { code, ...given } = record.fields ?? {}
  const data = Object.fromEntries(Object.entries(given).filter(([key]) => !isTaken(RemoteError.prototype, key)))
  const isCode = typeof code === 'string' || typeof code === 'number'
  const name = nameIn(record)
  return {
    name: name === 'Error' && record.class !== undefined ? record.class : name,
    message: record.message,
    ...(isCode ? { code } : {}),
    data: {
      ...data,
      ...(isCode || code === undefined ? {} : { code }),
      ...(record.errors ? { errors: record.errors } : {}),
    },
    ...(record.cause === undefined ? {} : { cause: record.cause }),
    isDeclared: isDeclared(record),
  }
}

/** An error without a captured stack, which would take a third of the decoding time and is never seen. */
function bareError(): Error {
  const limit: unknown = Error.stackTraceLimit
  if (typeof limit !== 'number' || !isLimitWritable()) return new Error()
  Error.stackTraceLimit = 0
  const error = new Error()
  Error.stackTraceLimit = limit
  return error
}

/** It is not if a program has frozen the built-ins. */
function isLimitWritable(): boolean {
  return Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true
}

/** Without the sender's stack there is none: the decoder's would only mislead. */
function withStack(error: Error, record: ErrorRecord): Error {
  const name = nameIn(record)
  setStack(error, record.stack ?? (record.message === '' ? name : `${name}: ${record.message}`))
  return error
}

/** Whether its class provides this text, possibly by a getter, which must not be hidden unless it depends on the constructor. */
function inherits(error: Error, key: 'name' | 'message', text: string): boolean {
  try {
    return error[key] === text || (typeof error[key] === 'string' && isTaken(error, key))
  } catch {
    return false
  }
}

function nameIn(record: ErrorRecord): string {
  return record.name ?? record.class ?? 'Error'
}

function assertErrorRecord(value: unknown): asserts value is ErrorRecord {
  if (!isPlainRecord(value)) throw badRequest('an error that is not a record')
  for (const key of Object.keys(value)) if (!keysOfRecord.has(key)) throw badRequest(`an error record with "${key}"`)
  if (typeof value['message'] !== 'string') throw badRequest('an error record without its message')
  for (const key of ['class', 'name', 'stack'] as const) {
    if (Object.hasOwn(value, key) && typeof value[key] !== 'string')
      throw badRequest(`an error record's ${key} must be text`)
  }
  if (Object.hasOwn(value, 'errors') && !Array.isArray(value['errors']))
    throw badRequest("an error's errors must be a list")
  if (!Object.hasOwn(value, 'fields')) return
  const fields = value['fields']
  if (!isPlainRecord(fields)) throw badRequest("an error's fields must be an object")
  for (const key of Object.keys(fields)) if (!isFieldName(key)) throw badRequest(`an error's fields hold "${key}"`)
}

function isPlainRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
