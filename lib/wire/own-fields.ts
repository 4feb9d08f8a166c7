// Objects made of fields that came: whatever the fields are called, and whatever the prototype has under their names.

import type { AnyClass } from './class-registry.ts'

/** A declared class's instance made of fields that came: neither its constructor nor a setter of it runs. */
export function reviveInstance(Class: AnyClass, fields: Readonly<Record<string, unknown>>): object {
  const instance = Object.create(Class.prototype as object) as object
  for (const key of Object.keys(fields)) defineField(instance, key, fields[key])
  return instance
}

/** Sets an own enumerable field, whatever its name is and whatever the prototype has under it. */
export function defineField(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** A plain object of these fields. */
export function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) defineField(object, key, value)
  return object
}
