// The part of superjson that rich values need, where every kilobyte is loaded: the same format, both ways, for trees in
// which nothing is shared, and for what meta-validator.ts has let through. The bundle for browsers has it in superjson's place.
import { keysOfPath } from './meta-path.ts'

/** `"Date"`, or `["custom", "bytes"]`. */
type TypeName = string | readonly ['custom', string]
/** Types by path; `[type, inside]` where something is annotated itself. */
type Annotations = readonly [TypeName, Inside?] | Inside
interface Inside {
  readonly [path: string]: Annotations
}

interface Transformer {
  readonly name: string
  serialize(value: unknown): unknown
  deserialize(json: unknown): unknown
}

interface Walked {
  readonly json: unknown
  readonly annotations?: Annotations | undefined
}

const specialNumbers: Readonly<Record<string, number>> = {
  NaN,
  Infinity,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
}

const revivers: Readonly<Record<string, (json: never) => unknown>> = {
  undefined: () => undefined,
  number: (json: string) => specialNumbers[json],
  bigint: (json: string) => BigInt(json),
  Date: (json: string) => new Date(json),
  URL: (json: string) => new URL(json),
  set: (json: unknown[]) => new Set(json),
  map: (json: [unknown, unknown][]) => new Map(json),
  regexp: (json: string) => new RegExp(json.slice(1, json.lastIndexOf('/')), json.slice(json.lastIndexOf('/') + 1)),
}

export class SuperJSON {
  readonly #byName = new Map<string, Transformer>()
  /** `findApplicable` is to be replaced. */
  readonly customTransformerRegistry = {
    findApplicable: (_value: unknown): Transformer | undefined => undefined,
    findByName: (name: string): Transformer | undefined => this.#byName.get(name),
  }

  registerCustom(transformer: Omit<Transformer, 'name'>, name: string): void {
    this.#byName.set(name, { ...transformer, name })
  }

  serialize(value: unknown): { json: unknown; meta?: { values: Annotations; v: 1 } } {
    const { json, annotations } = this.#walk(value)
    return annotations === undefined ? { json } : { json, meta: { values: annotations, v: 1 } }
  }

  deserialize({ json, meta }: { json: unknown; meta?: { values?: Annotations } }): unknown {
    const root = { json }
    if (meta?.values !== undefined) this.#revive(root, 'json', meta.values)
    return root.json
  }

  #walk(value: unknown): Walked {
    const custom = this.customTransformerRegistry.findApplicable(value)
    if (custom !== undefined) return this.#inside(custom.serialize(value), ['custom', custom.name])
    const leaf = leafOf(value)
    if (leaf !== undefined) return leaf
    if (value instanceof Map) return this.#inside([...value], 'map')
    if (value instanceof Set) return this.#inside([...value], 'set')
    const isDeep = Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype
    return isDeep ? this.#inside(value) : { json: value }
  }

  /** What is in an array or object, and the annotations of it under the own one. */
  #inside(container: unknown, type?: TypeName): Walked {
    const json: Record<string, unknown> = (Array.isArray(container) ? [] : {}) as never
    const inside: Record<string, Annotations> = {}
    for (const [key, value] of Object.entries(container as object)) {
      const walked = this.#walk(value)
      json[key] = walked.json
      const path = key.replace(/[\\.]/g, '\\$&')
      const { annotations } = walked
      if (Array.isArray(annotations)) inside[path] = annotations as Annotations
      else for (const [rest, deeper] of Object.entries(annotations ?? {})) inside[`${path}.${rest}`] = deeper
    }
    const isEmpty = Object.keys(inside).length === 0
    if (type !== undefined) return { json, annotations: isEmpty ? [type] : [type, inside] }
    return isEmpty ? { json } : { json, annotations: inside }
  }

  /** What is inside first, while it still is JSON. */
  #revive(holder: object, key: string, annotations: Annotations): void {
    const place = holder as Record<string, unknown>
    const [type, inside] = (Array.isArray(annotations) ? annotations : [undefined, annotations]) as [TypeName?, Inside?]
    for (const [path, deeper] of Object.entries(inside ?? {})) {
      const keys = keysOfPath(path, Number.POSITIVE_INFINITY) as string[]
      const last = keys.pop() as string
      let parent = place[key]
      for (const each of keys) parent = (parent as Record<string, unknown>)[each]
      this.#revive(parent as object, last, deeper)
    }
    if (type !== undefined) place[key] = this.#revived(place[key], type)
  }

  #revived(json: unknown, type: TypeName): unknown {
    return typeof type === 'string' ? revivers[type]?.(json as never) : this.#byName.get(type[1])?.deserialize(json)
  }
}

/** What stands for itself and needs an annotation. */
function leafOf(value: unknown): Walked | undefined {
  if (value === undefined) return { json: null, annotations: ['undefined'] }
  if (typeof value === 'bigint') return { json: String(value), annotations: ['bigint'] }
  if (typeof value === 'number' && (value - value !== 0 || Object.is(value, -0)))
    return { json: Object.is(value, -0) ? '-0' : String(value), annotations: ['number'] }
  if (value instanceof Date) return { json: value.toISOString(), annotations: ['Date'] }
  if (value instanceof URL) return { json: String(value), annotations: ['URL'] }
  return value instanceof RegExp ? { json: String(value), annotations: ['regexp'] } : undefined
}
