// The parts of an error, read without trusting it.

import { isTaken } from '../values/own-fields.ts'
import { inherits } from '../values/realm.ts'

const notFields: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause'])

/** The names of an error's own enumerable fields, except those that every error has and those that hide a method. */
export function errorFieldNames(error: Error): string[] {
  const prototype = Object.getPrototypeOf(error) as object
  return Object.keys(error).filter((key) => isFieldName(key) && !isTaken(prototype, key))
}

/** False for properties that have a place of their own in an error's record. */
export function isFieldName(key: string): boolean {
  return !notFields.has(key)
}

/** AggregateError and similar classes keep `errors` as a non-enumerable own property. */
export function hasHiddenErrors(error: Error): error is Error & { errors: unknown[] } {
  const property = Object.getOwnPropertyDescriptor(error, 'errors')
  return property !== undefined && !property.enumerable && Array.isArray(property.value)
}

/** Sets an own property that is not enumerable, as errors have their message. */
export function defineHidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true })
}

/** True for errors of every realm; false also for a proxy that refuses to answer. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || (typeof value === 'object' && value !== null && inherits(value, Error.prototype))
  } catch {
    return false
  }
}
