// Compares what was sent with what came more strictly than deep equality: -0, prototypes, holes, hidden properties,
// the type and the bytes of typed arrays, the order of Maps and Sets, and that nothing is shared.

import { expect } from 'chai'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { amongOthers } from './frame-bytes.ts'

/** What the frame codec makes of a payload: the same, with bytes of its own. */
export function overTheWire(payload: Payload): Payload {
  if (payload === undefined || typeof payload === 'string') return payload
  if (payload instanceof Packed)
    return amongOthers(payload.bytes.subarray(payload.start, payload.end), (...place) => new Packed(...place))
  if (payload instanceof Uint8Array) return payload.slice()
  return { ...payload, bytes: payload.bytes.map((bytes) => bytes.slice()) }
}

/** Fails, naming the place, unless `came` is a true copy of `sent`. */
export function expectSame(came: unknown, sent: unknown): void {
  const fault = difference(came, sent, 'value', new Set())
  if (fault !== undefined) expect.fail(fault)
}

/** Where and how two values differ, or undefined. */
export function difference(came: unknown, sent: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (typeof sent !== 'object' || sent === null)
    return Object.is(came, sent) ? undefined : `${path}: ${show(came)}, not ${show(sent)}`
  if (typeof came !== 'object' || came === null) return `${path}: ${show(came)}, not an object`
  if (came === sent) return `${path}: the same object, not a copy`
  if (seen.has(came)) return `${path}: an object that is elsewhere too`
  seen.add(came)
  const prototype = Object.getPrototypeOf(sent) ?? Object.prototype
  if (Object.getPrototypeOf(came) !== prototype) return `${path}: of another class`
  const inside = content(sent)
  const cameInside = content(came)
  if (cameInside.length !== inside.length) return `${path}: ${cameInside.length} parts, not ${inside.length}`
  for (const [i, part] of inside.entries()) {
    const [name, value] = cameInside[i] as [string, unknown]
    if (name !== part[0]) return `${path}: ${name} where ${part[0]} was`
    const fault = difference(value, part[1], `${path} ${name}`, seen)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** All that a value consists of, named, in order. */
function content(value: object): [string, unknown][] {
  if (value instanceof Date) return [['time', value.getTime()]]
  if (value instanceof URL) return [['href', value.href]]
  if (value instanceof RegExp) return [['pattern', String(value)]]
  if (ArrayBuffer.isView(value))
    return [['bytes', hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))]]
  if (value instanceof ArrayBuffer) return [['bytes', hex(new Uint8Array(value))]]
  const parts: [string, unknown][] = []
  if (value instanceof Map) {
    let i = 0
    for (const [key, item] of value) parts.push([`key ${i}`, key], [`item ${i++}`, item])
  }
  if (value instanceof Set) for (const item of value) parts.push([`item ${parts.length}`, item])
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) parts.push([`[${i}]`, value[i]])
  else for (const key of Object.keys(value)) parts.push([`.${key}`, (value as Record<string, unknown>)[key]])
  if (value instanceof Error) for (const key of hiddenKeys(value)) parts.push([`hidden ${key}`, (value as never)[key]])
  return parts
}

function hiddenKeys(error: Error): string[] {
  const hidden = ['name', 'message', 'cause', 'errors'].filter(
    (key) => Object.hasOwn(error, key) && !Object.keys(error).includes(key),
  )
  // An own name or message that says what is inherited makes no difference to anyone.
  const prototype = Object.getPrototypeOf(error) as Record<string, unknown>
  return hidden.filter((key) => (key !== 'name' && key !== 'message') || (error as never)[key] !== prototype[key])
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A leaf as a message says it. */
export function show(value: unknown): string {
  return Object.is(value, -0)
    ? '-0'
    : typeof value === 'bigint'
      ? `${value}n`
      : typeof value === 'string'
        ? JSON.stringify(value)
        : String(value)
}
