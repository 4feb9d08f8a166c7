// Values that JSON cannot represent, in superjson's format, with six types of our own for those it gets wrong. Incoming
// values are checked by meta-validator.ts before anything is built from them.

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
import { type WireNodeKind, wireNodeKindOf } from './wire-node.ts'
import { WireTree } from './wire-tree.ts'

const noBytes: readonly Uint8Array[] = []

/** Encodes and decodes rich values. */
export class RichFormat {
  readonly #registry: ClassRegistry
  readonly #limits: ValueLimits
  readonly #binaries = new BinaryValues()
  readonly #format: SuperJsonFormat
  /** The byte arrays of the payload being decoded. */
  #bytes = noBytes
  /** The rules for the payload being decoded. */
  #rules: ValueRules = {}

  constructor(registry: ClassRegistry, limits: ValueLimits) {
    this.#registry = registry
    this.#limits = limits
    const revivers: Readonly<Record<WireNodeKind, (json: never) => unknown>> = {
      error: (record: unknown) => reviveError(record, registry),
      bytes: (pair: [string, number]) => this.#reviveBytes(pair),
      class: (pair: [string, unknown]) => this.#reviveClass(pair),
      entries: objectOf,
      stream: ([number]: [number]) => this.#streamOf(number),
      'invalid-date': () => new Date(Number.NaN),
    }
    this.#format = new SuperJsonFormat(wireNodeKindOf, revivers)
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
    const { root, bytes } = new WireTree(value, label, options)
    const { json, meta } = this.#format.serialize(root)
    // The tree shares nothing, so meta has no equalities. Without meta it is ordinary JSON: half a surrogate pair, for example.
    if (!meta) return JSON.stringify(json)
    return {
      json: JSON.stringify(json),
      meta: JSON.stringify({ values: meta.values, v: meta.v }),
      bytes: ownParts(bytes, lender),
    }
  }

  /** @throws any error if the payload is not one that `encode` makes. */
  decode(payload: unknown, rules: ValueRules): unknown {
    assertRichPayload(payload)
    const json = this.#parse(payload.json, this.#limits.maxDepth, this.#limits.maxContainers)
    // An annotation is up to three arrays and objects, and nested ones are two levels deeper than what they annotate.
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
    if (stream === undefined) throw badRequest(`stream ${number}, which is missing or occurs twice`)
    return stream
  }

  #reviveClass([name, fields]: readonly [string, unknown]): object {
    const Class = this.#registry.classNamed(name)
    if (!Class) throw badRequest(`an instance of "${name}", a class that is not declared on this side`)
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
    throw badRequest('a rich value whose byte arrays are not an array of Uint8Array')
}
