// The current bytes of a value that is encoded later, after an asynchronous schema. Looks into arrays, plain objects, Maps
// and Sets, and copies only what it changes. Leaves to owned-bytes.ts what is encoded immediately.
import { copyOfBytes, isArrayBuffer, type Transferable } from '../bytes/binary-brand.ts'
import { homePrototypeOf } from './realm.ts'

/** Copies the bytes in a value; the returned function puts the copies into the value's later form. */
export function bytesAsGiven(value: unknown): (late: unknown) => unknown {
  const copies = new Map<Transferable, Transferable>()
  replaceBytes(value, (bytes) => {
    if (!copies.has(bytes)) copies.set(bytes, copyOfBytes(bytes))
    return bytes
  })
  return copies.size === 0 ? (late) => late : (late) => replaceBytes(late, (bytes) => copies.get(bytes) ?? bytes)
}

/** The value with the bytes in it copied; the value itself if there are none. */
export function withOwnBytes(value: unknown): unknown {
  return replaceBytes(value, copyOfBytes)
}

type Replace = (bytes: Transferable) => Transferable

/** Values nested deeper cannot be sent, see {@link ValueLimits}. */
const deepest = 1_000

function replaceBytes(value: unknown, replace: Replace, depthLeft = deepest): unknown {
  if (typeof value !== 'object' || value === null || depthLeft === 0) return value
  if (ArrayBuffer.isView(value)) return replace(value)
  const inside = (parts: readonly unknown[]): unknown[] | undefined => {
    const copies = parts.map((part) => replaceBytes(part, replace, depthLeft - 1))
    return copies.some((copy, i) => !Object.is(copy, parts[i])) ? copies : undefined
  }
  if (Array.isArray(value)) return inside(value) ?? value
  const prototype = Object.getPrototypeOf(value) as object | null
  switch (prototype === null ? Object.prototype : homePrototypeOf(prototype)) {
    case Object.prototype: {
      const copies = inside(Object.values(value))
      return copies === undefined ? value : Object.fromEntries(Object.keys(value).map((key, i) => [key, copies[i]]))
    }
    case Set.prototype: {
      const copies = inside([...Set.prototype.values.call(value)])
      return copies === undefined ? value : new Set(copies)
    }
    case Map.prototype: {
      const copies = inside([...Map.prototype.entries.call(value)])
      return copies === undefined ? value : new Map(copies as [unknown, unknown][])
    }
    default:
      return isArrayBuffer(value) ? replace(value) : value
  }
}
