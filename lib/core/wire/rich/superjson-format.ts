// superjson's format, both ways, reduced to what rich values need: trees without shared parts, and input that
// meta-validator.ts has accepted. superjson itself checks for more, and takes twice as long to write a value.
import { keysOfPath } from './meta-path.ts'
import { isJsonNumber } from './wire-node.ts'

/** `"Date"`, or `["custom", "bytes"]`. */
type TypeName = string | readonly ['custom', string]
/** Types by path; `[type, inside]` for a value that is annotated itself. */
type Annotations = readonly [TypeName, Inside?] | Inside
interface Inside {
  readonly [path: string]: Annotations
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

/** A node of a custom type is written as it is, and revived by the function registered for its name. */
export class SuperJsonFormat {
  readonly #kindOf: (value: object) => string | undefined
  readonly #revivers: Readonly<Record<string, (json: never) => unknown>>
  /** The annotations of the last walk. */
  #found: Annotations | undefined

  constructor(
    kindOf: (value: object) => string | undefined,
    revivers: Readonly<Record<string, (json: never) => unknown>>,
  ) {
    this.#kindOf = kindOf
    this.#revivers = revivers
  }

  serialize(value: unknown): { json: unknown; meta?: { values: Annotations; v: 1 } } {
    const json = this.#walk(value)
    const values = this.#found
    return values === undefined ? { json } : { json, meta: { values, v: 1 } }
  }

  deserialize({ json, meta }: { json: unknown; meta: { readonly values?: Annotations } }): unknown {
    const root = { json }
    if (meta.values !== undefined) this.#revive(root, 'json', meta.values)
    return root.json
  }

  #walk(value: unknown): unknown {
    this.#found = undefined
    if (typeof value === 'string' || value === null) return value
    if (typeof value !== 'object') return this.#walkLeaf(value)
    const kind = this.#kindOf(value)
    if (kind !== undefined) return this.#walkInside(value, ['custom', kind])
    if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) return this.#walkInside(value)
    if (value instanceof Map) return this.#walkInside([...value], 'map')
    if (value instanceof Set) return this.#walkInside([...value], 'set')
    if (value instanceof Date) return this.#annotated(value.toISOString(), 'Date')
    if (value instanceof URL) return this.#annotated(String(value), 'URL')
    return value instanceof RegExp ? this.#annotated(String(value), 'regexp') : value
  }

  /** Anything but an object. */
  #walkLeaf(value: unknown): unknown {
    if (value === undefined) return this.#annotated(null, 'undefined')
    if (typeof value === 'bigint') return this.#annotated(String(value), 'bigint')
    if (typeof value !== 'number' || isJsonNumber(value)) return value
    return this.#annotated(Object.is(value, -0) ? '-0' : String(value), 'number')
  }

  #annotated(json: unknown, type: TypeName): unknown {
    this.#found = [type]
    return json
  }

  /** The content of an array or object; its annotations are added below its own. */
  #walkInside(container: object, type?: TypeName): unknown {
    const json: Record<string, unknown> = (Array.isArray(container) ? [] : {}) as never
    let inside: Record<string, Annotations> | undefined
    for (const key of Object.keys(container)) {
      json[key] = this.#walk((container as Record<string, unknown>)[key])
      const found = this.#found
      if (found === undefined) continue
      inside ??= {}
      const path = key.replace(/[\\.]/g, '\\$&')
      if (Array.isArray(found)) inside[path] = found as Annotations
      else for (const [rest, deeper] of Object.entries(found)) inside[`${path}.${rest}`] = deeper
    }
    if (type === undefined) this.#found = inside
    else this.#found = inside === undefined ? [type] : [type, inside]
    return json
  }

  /** The content first, while it is still JSON. */
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
    return typeof type === 'string' ? revivers[type]?.(json as never) : this.#revivers[type[1]]?.(json as never)
  }
}
