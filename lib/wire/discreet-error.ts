// What a thrown error tells those who did not write it: all of it where it was meant for them, else name, message and code.
// Fields and causes of other errors hold what their makers needed: requests with their credentials, queries, paths.
import { ActionError, RemoteError } from '../base/errors.ts'
import type { ClassRegistry } from './class-registry.ts'
import { defineHidden, errorFieldNames, isError } from './error-fields.ts'
import { defineField } from './own-fields.ts'

/** Causes of causes, and errors in fields, that are looked at. */
const maxDepth = 8

/**
 * What was thrown, as it may travel. Errors of declared classes, isock's own and ActionErrors keep their fields and causes;
 * all others keep name, message and code, and so do those in fields and causes. What is no error is what somebody chose to
 * throw: it stays as it is. Never throws.
 */
export function discreet(thrown: unknown, registry: ClassRegistry): unknown {
  if (!isError(thrown)) return thrown
  try {
    return partOf(thrown, registry, maxDepth)
  } catch {
    return new Error('an error that cannot be read')
  }
}

/** True for an error that may travel whole: it was thrown for the caller. */
export function isMeantForCallers(error: unknown, registry: ClassRegistry): boolean {
  if (error instanceof ActionError || isFromOwnThread(error)) return true
  if (!isError(error) || error instanceof RemoteError) return false
  return registry.isTold(Object.getPrototypeOf(error) as object)
}

const ownThread = Symbol.for('isock.errorOfOwnThread')

/** Marks an error that a thread of this process threw, and meant for the caller: its class is known in the thread only. */
export function markFromOwnThread(error: object): void {
  defineHidden(error, ownThread, true)
  // Travels, so that a gateway knows it too.
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

/** An error, or a list of them; deeper in a value they are data. */
function holdsErrors(value: unknown): boolean {
  return isError(value) || (Array.isArray(value) && value.some(isError))
}

function partOfValue(value: unknown, registry: ClassRegistry, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => (isError(item) ? partOfValue(item, registry, depth) : item))
  if (!isError(value)) return value
  return depth === 0 ? bare(value) : partOf(value, registry, depth - 1)
}

function bare(error: Error): Error {
  const part = emptyLike(error)
  const { code } = error as { readonly code?: unknown }
  if (typeof code === 'string' || typeof code === 'number') defineField(part, 'code', code)
  if (part instanceof RemoteError) {
    for (const [key, value] of Object.entries({ notStarted: false, data: {} })) defineField(part, key, value)
  }
  return part
}

/** The same class, name, message and stack, and nothing else. */
function emptyLike(error: Error): Error {
  const part = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as Error
  part.stack = String(error.stack)
  if (Object.hasOwn(error, 'message')) defineHidden(part, 'message', String(error.message))
  else Reflect.deleteProperty(part, 'message')
  if (error.name !== part.name) defineHidden(part, 'name', String(error.name))
  return part
}
