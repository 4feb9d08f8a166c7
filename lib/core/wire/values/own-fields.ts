// Objects made of received fields. A field never hides a member of the class: a peer that sends `isAdmin` must not replace
// `get isAdmin()`.

import { badRequest } from './bad-request.ts'

/** A declared class, see class-registry.ts. */
type DeclaredClass = abstract new (...args: never[]) => object

/**
 * An instance of a declared class, made of received fields: by its `static revive`, otherwise without running its constructor.
 *
 * @throws ServerError with code `BAD_REQUEST` for a field that hides a getter, a setter or a method, and for fields that
 *   `static revive` rejects.
 */
export function reviveInstance(Class: DeclaredClass, name: string, fields: Readonly<Record<string, unknown>>): object {
  const prototype = Class.prototype as object
  for (const key of Object.keys(fields)) {
    if (isTaken(prototype, key))
      throw badRequest(`an instance of "${name}" with a field "${key}", which is a getter or a method of its class`)
  }
  const { revive } = Class as { revive?: (fields: Readonly<Record<string, unknown>>) => unknown }
  if (typeof revive === 'function') return revivedBy(revive, Class, name, fields)
  const instance = Object.create(prototype) as object
  for (const key of Object.keys(fields)) defineField(instance, key, fields[key])
  return instance
}

/** Whether objects with this prototype have a getter, a setter or a method of this name, including those of all objects. */
export function isTaken(prototype: object, key: string): boolean {
  if (!(key in prototype)) return false
  let at: object | null = prototype
  while (at !== null && !Object.hasOwn(at, key)) at = Object.getPrototypeOf(at) as object | null
  const property = at === null ? undefined : Object.getOwnPropertyDescriptor(at, key)
  return property === undefined || !('value' in property) || typeof property.value === 'function'
}

function revivedBy(
  revive: (fields: Readonly<Record<string, unknown>>) => unknown,
  Class: DeclaredClass,
  name: string,
  fields: Readonly<Record<string, unknown>>,
): object {
  let made: unknown
  try {
    made = revive.call(Class, fields)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw badRequest(`an instance of "${name}" rejected by its static revive: ${why}`, error)
  }
  if (made instanceof Class) return made
  throw badRequest(`an instance of "${name}": its static revive returned something else`)
}

/** Sets an own enumerable field, whatever its name and whatever the prototype has under it. */
export function defineField(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** A plain object of these fields. */
export function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) defineField(object, key, value)
  return object
}
