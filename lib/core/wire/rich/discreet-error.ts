// What the caller learns about a thrown error: everything if it was meant for callers, otherwise name, message and code.
// Fields and causes of other errors hold what their authors needed: requests with their credentials, queries, paths.
import { ActionError, RemoteError } from '../../base/errors.ts'
import { defineField } from '../values/own-fields.ts'
import type { ClassRegistry } from './class-registry.ts'
import { defineHidden, errorFieldNames, isError } from './error-fields.ts'

/** How deep causes, and errors in fields, are followed. */
const maxDepth = 8

/**
 * A thrown value as it may be sent. Errors of declared classes, isock's own and ActionErrors keep their fields and causes;
 * all others keep only name, message and code, also within fields and causes. An object other than an error becomes an error
 * with its message and code. A primitive value is sent as it is. Never throws.
 */
export function discreet(thrown: unknown, registry: ClassRegistry): unknown {
  if ((typeof thrown !== 'object' || thrown === null) && typeof thrown !== 'function') return thrown
  try {
    return isError(thrown) ? partOf(thrown, registry, maxDepth) : errorInPlaceOf(thrown)
  } catch {
    return new Error('an error that cannot be read')
  }
}

/** Whether an error may be sent whole: it was thrown for the caller. */
export function isMeantForCallers(error: unknown, registry: ClassRegistry): boolean {
  if (error instanceof ActionError || isFromOwnThread(error)) return true
  if (!isError(error) || error instanceof RemoteError) return false
  return registry.isDeclared(Object.getPrototypeOf(error) as object)
}

const ownThread = Symbol.for('isock.errorOfOwnThread')

/** Marks an error that a thread of this process threw for the caller: only the thread knows its class. */
export function markFromOwnThread(error: object): void {
  defineHidden(error, ownThread, true)
  // Sent too, so that a gateway sees it.
  defineField(error, 'isDeclared', true)
}

function isFromOwnThread(error: unknown): boolean {
  return isError(error) && Object.hasOwn(error, ownThread)
}

function partOf(error: Error, registry: ClassRegistry, depth: number): Error {
  if (!isMeantForCallers(error, registry)) return bare(error)
  const hidden = ['cause', 'errors'].filter((key) => Object.hasOwn(error, key))
  const fields = errorFieldNames(error).filter((key) => !hidden.includes(key))
  const values = error as unknown as Readonly<Record<string, unknown>>
  if (![...hidden, ...fields].some((key) => holdsErrors(values[key]))) return error
  const part = emptyLike(error)
  for (const key of fields) defineField(part, key, partOfValue(values[key], registry, depth))
  for (const key of hidden) defineHidden(part, key, partOfValue(values[key], registry, depth))
  return part
}

/** An error, or a list of errors. Deeper in a value, errors are data. */
function holdsErrors(value: unknown): boolean {
  return isError(value) || (Array.isArray(value) && value.some(isError))
}

function partOfValue(value: unknown, registry: ClassRegistry, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => (isError(item) ? partOfValue(item, registry, depth) : item))
  if (!isError(value)) return value
  return depth === 0 ? bare(value) : partOf(value, registry, depth - 1)
}

function errorInPlaceOf(thrown: object): Error {
  const { message } = thrown as { readonly message?: unknown }
  const error = new Error(typeof message === 'string' ? message : 'a value that is not an error was thrown')
  copyCode(thrown, error)
  return error
}

function copyCode(thrown: object, part: Error): void {
  const { code } = thrown as { readonly code?: unknown }
  if (typeof code === 'string' || typeof code === 'number') defineField(part, 'code', code)
}

function bare(error: Error): Error {
  const part = emptyLike(error)
  copyCode(error, part)
  if (part instanceof RemoteError) {
    for (const [key, value] of Object.entries({ notStarted: false, data: {} })) defineField(part, key, value)
  }
  return part
}

/** The same class, name, message and stack, without anything else. */
function emptyLike(error: Error): Error {
  const part = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as Error
  part.stack = String(error.stack)
  if (Object.hasOwn(error, 'message')) defineHidden(part, 'message', String(error.message))
  if (error.name !== part.name) defineHidden(part, 'name', String(error.name))
  return part
}
