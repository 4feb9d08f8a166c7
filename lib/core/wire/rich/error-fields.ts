// Which parts an error has, told without trusting it.

import { isTaken } from '../values/own-fields.ts'
import { inherits } from '../values/realm.ts'

const notFields: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause'])

/** The names of an error's own enumerable fields, without those that every error has, and those that hide a method. */
export function errorFieldNames(error: Error): string[] {
  const prototype = Object.getPrototypeOf(error) as object
  return Object.keys(error).filter((key) => isFieldName(key) && !isTaken(prototype, key))
}

/** False for the properties that an error's record has a place of its own for. */
export function isFieldName(key: string): boolean {
  return !notFields.has(key)
}

/** AggregateError and its like keep `errors` as an own property that is not enumerable. */
export function hasHiddenErrors(error: Error): error is Error & { errors: unknown[] } {
  const property = Object.getOwnPropertyDescriptor(error, 'errors')
  return property !== undefined && !property.enumerable && Array.isArray(property.value)
}

/** Sets an own property as errors have their message: not enumerable. */
export function defineHidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true })
}

/** True for errors of every realm; false, too, for a proxy that does not want to tell. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || (typeof value === 'object' && value !== null && inherits(value, Error.prototype))
  } catch {
    return false
  }
}
