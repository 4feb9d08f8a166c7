// Values that JSON cannot carry, in superjson's format, with six types of our own for what it gets wrong. What comes in
// is checked by meta-validator.ts before anything is made of it.

import { ownParts } from '../bytes/owned-bytes.ts'
import type { RichPayload } from '../bytes/payload.ts'
import type { SpareMemory } from '../bytes/spare-memory.ts'
import { badRequest } from '../values/bad-request.ts'
import { objectOf, reviveInstance } from '../values/own-fields.ts'
import type { StreamPlaces } from '../values/stream-places.ts'
import type { ValueLimits, ValueRules } from '../values/value-limits.ts'
import { BinaryValues } from './binary-values.ts'
import type { ClassRegistry } from './class-registry.ts'
import { reviveError } from './error-record.ts'
import { jsonTextFault } from './json-text-scan.ts'
import { checkMeta } from './meta-validator.ts'
import { SuperJsonFormat } from './superjson-format.ts'
import { type TravelKind, travelKindOf } from './travel-node.ts'
import { TravelTree } from './travel-tree.ts'

const noBytes: readonly Uint8Array[] = []

/** Encodes and decodes rich values. */
export class RichFormat {
  readonly #registry: ClassRegistry
  readonly #limits: ValueLimits
  readonly #binaries = new BinaryValues()
  readonly #format: SuperJsonFormat
  /** Those of the payload that is being decoded. */
  #bytes = noBytes
  /** Likewise. */
  #rules: ValueRules = {}

  constructor(registry: ClassRegistry, limits: ValueLimits) {
    this.#registry = registry
    this.#limits = limits
    const revivers: Readonly<Record<TravelKind, (json: never) => unknown>> = {
      error: (record: unknown) => reviveError(record, registry),
      bytes: (pair: [string, number]) => this.#reviveBytes(pair),
      class: (pair: [string, unknown]) => this.#reviveClass(pair),
      entries: objectOf,
      stream: ([number]: [number]) => this.#streamOf(number),
      'invalid-date': () => new Date(Number.NaN),
    }
    this.#format = new SuperJsonFormat(travelKindOf, revivers)
  }

  /** @throws UnsendableError */
  encode(
    value: unknown,
    label: string,
    rules: ValueRules,
    lender?: SpareMemory,
    streams?: StreamPlaces,
  ): string | RichPayload {
    const options = { registry: this.#registry, binaries: this.#binaries, limits: this.#limits, rules, streams }
    const { root, bytes } = new TravelTree(value, label, options)
    const { json, meta } = this.#format.serialize(root)
    // The tree shares nothing, so meta has no equalities. Without meta it is what JSON says: half a surrogate pair, say.
    if (!meta) return JSON.stringify(json)
    return {
      json: JSON.stringify(json),
      meta: JSON.stringify({ values: meta.values, v: meta.v }),
      bytes: ownParts(bytes, lender),
    }
  }

  /** @throws any error where the payload is not what `encode` makes. */
  decode(payload: unknown, rules: ValueRules): unknown {
    assertRichPayload(payload)
    const json = this.#parse(payload.json, this.#limits.maxDepth, this.#limits.maxContainers)
    // An annotation is up to three arrays and objects, and nested ones stand two deeper than what they annotate.
    const meta = this.#parse(payload.meta, 2 * this.#limits.maxDepth + 4, 3 * this.#limits.maxAnnotations + 4)
    checkMeta(meta, json, { limits: this.#limits, rules, bytes: payload.bytes, binaries: this.#binaries })
    // A `static revive` may send or read values meanwhile.
    const [outer, outerRules] = [this.#bytes, this.#rules]
    this.#bytes = payload.bytes
    this.#rules = rules
    try {
      return this.#format.deserialize({ json, meta } as never)
    } finally {
      this.#bytes = outer
      this.#rules = outerRules
    }
  }

  #parse(text: string, maxDepth: number, maxContainers: number): unknown {
    const fault = jsonTextFault(text, maxDepth, maxContainers)
    if (fault !== undefined) throw badRequest(fault)
    return JSON.parse(text)
  }

  #reviveBytes([name, index]: readonly [string, number]): unknown {
    return this.#binaries.revive(name, this.#bytes[index] ?? new Uint8Array(0))
  }

  #streamOf(number: number): unknown {
    const stream = this.#rules.streamOf?.(number)
    if (stream === undefined) throw badRequest(`stream ${number}, which did not come with it or is in it twice`)
    return stream
  }

  #reviveClass([name, fields]: readonly [string, unknown]): object {
    const Class = this.#registry.classNamed(name)
    if (!Class) throw badRequest(`an instance of "${name}", a class that is not declared here`)
    if (typeof fields !== 'object' || fields === null || Object.getPrototypeOf(fields) !== Object.prototype) {
      throw badRequest(`an instance of "${name}" without its fields`)
    }
    return reviveInstance(Class, name, fields as Record<string, unknown>)
  }
}

function assertRichPayload(payload: unknown): asserts payload is RichPayload {
  const { json, meta, bytes } = (payload ?? {}) as { readonly [Key in keyof RichPayload]: unknown }
  if (typeof json !== 'string' || typeof meta !== 'string') throw badRequest('neither text nor bytes nor both')
  if (!Array.isArray(bytes) || !bytes.every((part) => part instanceof Uint8Array))
    throw badRequest('a list of bytes that is none')
}
