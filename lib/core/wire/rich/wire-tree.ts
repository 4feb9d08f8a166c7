// Copies a rich value into a tree that superjson's format represents exactly: every place is a node of its own (nothing is
// shared), arrays have no holes, and what superjson gets wrong (bytes, errors, class instances, invalid Dates, the keys it
// rejects) becomes nodes marked for our own transformers, see rich-format.ts. Rejects what cannot be serialized.

import { UnsendableError } from '../../base/errors.ts'
import { isTaken, objectOf } from '../values/own-fields.ts'
import { homePrototypeOf } from '../values/realm.ts'
import type { StreamPlaces } from '../values/stream-places.ts'
import type { ValueLimits, ValueRules } from '../values/value-limits.ts'
import { type BinaryValues, bytesOf } from './binary-values.ts'
import type { ClassRegistry } from './class-registry.ts'
import { errorFieldNames, isError } from './error-fields.ts'
import { toErrorRecord } from './error-record.ts'
import { plainFormOf } from './plain-form.ts'
import { SendWalk } from './send-walk.ts'
import { isStreamable, readFailure, unsendableReason } from './unsendable-reason.ts'
import { keyStep, mapValueStep } from './value-path.ts'
import { bigIntLeaf, dateLeaf, regExpLeaf } from './wire-leaf.ts'
import { isJsonNumber, markNode, PlainPart } from './wire-node.ts'

/** What the walk needs besides the value. */
export interface WireTreeOptions {
  readonly registry: ClassRegistry
  readonly binaries: BinaryValues
  readonly limits: ValueLimits
  readonly rules: ValueRules
  /** Receives the streams in the value; undefined: streams cannot be sent. */
  readonly streams: StreamPlaces | undefined
}

/** A copy of one value that superjson's format represents exactly, and views of the bytes in it. */
export class WireTree {
  readonly bytes: Uint8Array[] = []
  readonly root: unknown
  readonly #options: WireTreeOptions
  readonly #walk: SendWalk

  /** @throws UnsendableError that names the place of a value that cannot be serialized. */
  constructor(value: unknown, label: string, options: WireTreeOptions) {
    this.#options = options
    this.#walk = new SendWalk(label, options.limits)
    try {
      this.root = this.#copyPart(value, 0)
    } catch (error) {
      if (error instanceof UnsendableError) throw error
      this.#walk.refuse(readFailure(error), error)
    }
  }

  /** `depth`: the number of arrays and objects around this value on the wire. */
  #copy(value: unknown, depth: number): unknown {
    this.#walk.countNode()
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        if (!isJsonNumber(value)) this.#walk.countAnnotation()
        return value
      case 'undefined':
        this.#walk.countAnnotation()
        return value
      case 'bigint':
        return this.#annotated(bigIntLeaf(value, this.#walk))
      case 'object':
        return value === null ? null : this.#copyObject(value, depth)
      default:
        return this.#walk.refuse(unsendableReason(value))
    }
  }

  #copyObject(value: object, depth: number): unknown {
    this.#walk.enter(value)
    const copy = this.#copyByPrototype(value, Object.getPrototypeOf(value) as object | null, depth)
    this.#walk.leave()
    return copy
  }

  #copyByPrototype(value: object, prototype: object | null, depth: number): unknown {
    if (prototype === Object.prototype || prototype === null) return this.#copyFields(value, Object.keys(value), depth)
    if (prototype === Array.prototype && Array.isArray(value)) return this.#copyItems(value, depth)
    switch (prototype) {
      case Map.prototype:
        return this.#copyMap(value as Map<unknown, unknown>, depth)
      case Set.prototype:
        return this.#copySet(value as Set<unknown>, depth)
      case Date.prototype:
        return this.#annotated(dateLeaf(value as Date))
      case URL.prototype:
        return this.#annotated(new URL((value as URL).href))
      case RegExp.prototype:
        return this.#annotated(regExpLeaf(value as RegExp, this.#options.rules, this.#walk))
      default:
        return this.#copyOther(value, prototype, depth)
    }
  }

  #copyOther(value: object, prototype: object, depth: number): unknown {
    const home = homePrototypeOf(prototype)
    if (home !== prototype) return this.#copyByPrototype(value, home, depth)
    const binary = this.#options.binaries.kindOf(prototype)
    if (binary) {
      this.#walk.countContainers(depth + 1, 1)
      this.bytes.push(bytesOf(value, binary))
      return markNode('bytes', this.#annotated([binary.name, this.bytes.length - 1]))
    }
    if (isError(value)) return this.#copyError(value, depth)
    const className = this.#options.registry.nameOfPrototype(prototype)
    if (className === undefined) {
      const plain = plainFormOf(value)
      return plain === undefined ? this.#copyStream(value, depth) : this.#copyByPrototype(plain, null, depth)
    }
    this.#walk.countContainers(depth + 1, 1)
    const keys = Object.keys(value)
    const taken = keys.find((key) => isTaken(prototype, key))
    if (taken !== undefined) {
      this.#walk.refuse(
        `its field "${taken}" hides a getter or a method of class ${className}; give the field another name`,
      )
    }
    return markNode('class', this.#annotated([className, this.#copyFieldsPart(value, keys, depth + 1)]))
  }

  /** Replaces a stream by its number, if the value may contain streams. */
  #copyStream(value: object, depth: number): unknown {
    const { streams } = this.#options
    if (streams === undefined || !isStreamable(value)) return this.#walk.refuse(unsendableReason(value))
    const number = streams.place(value)
    if (typeof number === 'string') return this.#walk.refuse(number)
    this.#walk.countContainers(depth + 1, 1)
    return markNode('stream', this.#annotated([number]))
  }

  #copyItems(items: readonly unknown[], depth: number): unknown[] {
    this.#walk.countContainers(depth + 1, 1)
    return this.#copyElements(items, undefined, items.length, depth + 1)
  }

  #copyFields(object: object, keys: readonly string[], depth: number): object {
    if (keys.some(isRefusedKey)) return this.#copyEntries(object, keys, depth)
    this.#walk.countContainers(depth + 1, 1)
    const values = this.#copyElements(object, keys, keys.length, depth + 1)
    const copy: Record<string, unknown> = {}
    for (let i = 0; i < keys.length; i++) copy[keys[i] as string] = values[i]
    return copy
  }

  /** superjson rejects some keys, and assigning them would have side effects: their objects are sent as pairs. */
  #copyEntries(object: object, keys: readonly string[], depth: number): object {
    this.#walk.countContainers(depth + 2, 1 + keys.length)
    const entries: [string, unknown][] = []
    const annotations = this.#walk.annotations
    for (const key of keys) {
      this.#walk.step(key)
      entries.push([key, this.#copyPart((object as Record<string, unknown>)[key], depth + 2)])
      this.#walk.stepBack()
    }
    if (this.#walk.annotations === annotations) return objectOf(entries) // nothing in it is annotated
    return markNode('entries', this.#annotated(entries))
  }

  /** The content of an object under `keys`, or of an array. Plain parts are tracked only once one is not plain. */
  #copyElements(source: object, keys: readonly string[] | undefined, count: number, depth: number): unknown[] {
    const copies: unknown[] = []
    const before = this.#walk.annotations
    for (let i = 0; i < count; i++) {
      const key = keys === undefined ? i : (keys[i] as string)
      const annotations = this.#walk.annotations
      this.#walk.step(key)
      const copy = this.#copy((source as Record<string | number, unknown>)[key], depth)
      this.#walk.stepBack()
      const isPlain = this.#walk.annotations === annotations
      if (!isPlain && annotations === before) for (let j = 0; j < i; j++) copies[j] = partOf(copies[j])
      copies.push(isPlain && annotations !== before ? partOf(copy) : copy)
    }
    return copies
  }

  /** One element of a value that is annotated itself. */
  #copyPart(value: unknown, depth: number): unknown {
    const annotations = this.#walk.annotations
    const copy = this.#copy(value, depth)
    return this.#walk.annotations === annotations ? partOf(copy) : copy
  }

  /** The fields of a value that is annotated itself. */
  #copyFieldsPart(object: object, keys: readonly string[], depth: number): object {
    const annotations = this.#walk.annotations
    const copy = this.#copyFields(object, keys, depth)
    return this.#walk.annotations === annotations ? new PlainPart(copy) : copy
  }

  #copyMap(map: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const size = mapSize.call(map)
    this.#walk.countContainers(size === 0 ? depth + 1 : depth + 2, 1 + size)
    const copy = new Map<unknown, unknown>()
    let position = 0
    for (const [key, value] of Map.prototype.entries.call(map)) {
      this.#walk.step(keyStep(position))
      const keyCopy = this.#copyPart(key, depth + 2)
      this.#walk.stepBack()
      this.#walk.step(mapValueStep(key, position++))
      copy.set(keyCopy, this.#copyPart(value, depth + 2))
      this.#walk.stepBack()
    }
    return this.#annotated(copy)
  }

  #copySet(set: Set<unknown>, depth: number): Set<unknown> {
    this.#walk.countContainers(depth + 1, 1)
    const copy = new Set<unknown>()
    let position = 0
    for (const item of Set.prototype.values.call(set)) {
      this.#walk.step(keyStep(position++))
      copy.add(this.#copyPart(item, depth + 1))
      this.#walk.stepBack()
    }
    return this.#annotated(copy)
  }

  #copyError(error: Error, depth: number): unknown {
    this.#walk.countContainers(depth + 1, 1)
    const { registry, rules } = this.#options
    const record: Record<string, unknown> = { ...toErrorRecord(error, { registry, exposeStacks: rules.exposeStacks }) }
    for (const key of ['cause', 'errors'] as const) {
      if (!Object.hasOwn(record, key)) continue
      this.#walk.step(key)
      record[key] = this.#copyPart(record[key], depth + 1)
      this.#walk.stepBack()
    }
    const fieldNames = errorFieldNames(error)
    if (fieldNames.length > 0) record['fields'] = this.#copyFieldsPart(error, fieldNames, depth + 1)
    return markNode('error', this.#annotated(record))
  }

  #annotated<T>(node: T): T {
    this.#walk.countAnnotation()
    return node
  }
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get as (this: Map<unknown, unknown>) => number

/** Wraps a copy without anything rich, so that it is not walked again. */
function partOf(copy: unknown): unknown {
  return typeof copy === 'object' && copy !== null ? new PlainPart(copy) : copy
}

function isRefusedKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}
