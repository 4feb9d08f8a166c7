// An error without the parts that cannot be serialized. The error itself must be reported; its fields are optional.

import { defineField } from '../values/own-fields.ts'
import { defineHidden, errorFieldNames, hasHiddenErrors, isError } from './error-fields.ts'

/** Throws if a value cannot be serialized. */
type Attempt = (value: unknown) => unknown

/** The most errors visited, including causes and aggregated ones: they may be circular, or branch widely. */
const maxErrors = 16

/** The same error with only the fields, cause and errors that `attempt` accepts; in the worst case only its name and message. */
export function sendableError(error: Error, attempt: Attempt): Error {
  try {
    return reduced(new Salvage(attempt).partOf(error), attempt)
  } catch {
    const bare = new Error(textOf(error, 'message'))
    defineHidden(bare, 'name', textOf(error, 'name') || 'Error')
    return bare
  }
}

/** Parts that can be sent alone may be too much together: drops as many of the last ones as necessary. */
function reduced(part: Error, attempt: Attempt): Error {
  const dispensable = ['stack', ...errorFieldNames(part), 'errors', 'cause'].filter((key) => Object.hasOwn(part, key))
  for (;;) {
    try {
      attempt(part)
      return part
    } catch (refusal) {
      const key = dispensable.pop()
      if (key === undefined) throw refusal
      Reflect.deleteProperty(part, key)
    }
  }
}

class Salvage {
  readonly #attempt: Attempt
  #errorsLeft = maxErrors

  constructor(attempt: Attempt) {
    this.#attempt = attempt
  }

  partOf(error: Error): Error {
    if (this.#errorsLeft-- <= 0) throw new RangeError(`more than ${maxErrors} errors in one`)
    const part = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as Error
    for (const key of ['message', 'stack'] as const)
      if (Object.hasOwn(error, key)) this.#keep(part, error, key, defineHidden)
    if (error.name !== part.name) this.#keep(part, error, 'name', defineHidden)
    for (const key of errorFieldNames(error)) this.#keep(part, error, key, defineField)
    if (hasHiddenErrors(error)) this.#keep(part, error, 'errors', defineHidden)
    if (Object.hasOwn(error, 'cause')) this.#keep(part, error, 'cause', defineHidden)
    return part
  }

  #keep(part: Error, error: Error, key: string, define: typeof defineField): void {
    try {
      define(part, key, this.#sendable((error as unknown as Record<string, unknown>)[key]))
    } catch {
      // This field is omitted.
    }
  }

  #sendable(value: unknown): unknown {
    try {
      this.#attempt(value)
      return value
    } catch (refusal) {
      if (isError(value)) return this.partOf(value)
      if (Array.isArray(value) && value.every(isError)) return value.map((item) => this.#sendable(item))
      throw refusal
    }
  }
}

function textOf(error: Error, key: 'name' | 'message'): string {
  try {
    return String(error[key])
  } catch {
    return ''
  }
}
