// Which spec files reach which places of the library, kept from run to run: what a spec file reached is true until it changes.
// Of a source that has changed, it is only known which spec files reached something in it.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Fault } from './faults.ts'

export interface KnownSpec {
  readonly hash: string
  readonly ms: number
}

interface Source {
  readonly hash: string
  /** By place, `start:end`. */
  readonly places: Map<string, Set<string>>
}

interface Saved {
  readonly specs: readonly (KnownSpec & { readonly file: string })[]
  /** Spec files are their numbers in the list above. */
  readonly sources: Readonly<Record<string, { readonly hash: string; readonly places: Record<string, number[]> }>>
}

/** Of a source as it was before it changed. */
const somewhere = 'somewhere'

export class ReachTable {
  readonly #specs = new Map<string, KnownSpec>()
  readonly #sources = new Map<string, Source>()

  /** Empty where there is no such file. */
  static read(file: string): ReachTable {
    const table = new ReachTable()
    if (!existsSync(file)) return table
    const { specs, sources } = JSON.parse(readFileSync(file, 'utf8')) as Saved
    for (const { file: spec, hash, ms } of specs) table.#specs.set(spec, { hash, ms })
    for (const [name, { hash, places }] of Object.entries(sources)) {
      const reached = Object.entries(places).map(
        ([place, numbers]) => [place, new Set(numbers.map((number) => specs[number]?.file as string))] as const,
      )
      table.#sources.set(name, { hash, places: new Map(reached) })
    }
    return table
  }

  write(file: string): void {
    const names = [...this.#specs.keys()]
    const numbers = new Map(names.map((name, number) => [name, number]))
    const numbersOf = (specs: ReadonlySet<string>): number[] => [...specs].flatMap((spec) => numbers.get(spec) ?? [])
    const saved: Saved = {
      specs: [...this.#specs].map(([spec, known]) => ({ file: spec, ...known })),
      sources: Object.fromEntries(
        [...this.#sources].map(([name, { hash, places }]) => [
          name,
          { hash, places: Object.fromEntries([...places].map(([place, specs]) => [place, numbersOf(specs)])) },
        ]),
      ),
    }
    writeFileSync(file, JSON.stringify(saved))
  }

  /** The spec files, with how long each takes. */
  get specs(): ReadonlyMap<string, KnownSpec> {
    return this.#specs
  }

  /** Gives those of which it is not known, or no longer, what they reach. Forgets those that are gone. */
  unknownOf(specs: ReadonlyMap<string, string>): string[] {
    for (const [spec, { hash }] of this.#specs)
      if (specs.get(spec) !== hash) {
        this.#specs.delete(spec)
        for (const { places } of this.#sources.values()) for (const reached of places.values()) reached.delete(spec)
      }
    return [...specs.keys()].filter((spec) => !this.#specs.has(spec))
  }

  /** Has to come before what is reached in the source. */
  setSource(file: string, hash: string): void {
    const known = this.#sources.get(file)
    if (known?.hash === hash) return
    const reached = new Set([...(known?.places.values() ?? [])].flatMap((specs) => [...specs]))
    this.#sources.set(file, { hash, places: reached.size === 0 ? new Map() : new Map([[somewhere, reached]]) })
  }

  addSpec(spec: string, known: KnownSpec): void {
    this.#specs.set(spec, known)
  }

  addReached({ file, start, end }: Pick<Fault, 'file' | 'start' | 'end'>, spec: string): void {
    const places = this.#sources.get(file)?.places
    const reached = places?.get(`${start}:${end}`) ?? new Set()
    places?.set(`${start}:${end}`, reached.add(spec))
  }

  reaching({ file, start, end }: Pick<Fault, 'file' | 'start' | 'end'>): string[] {
    const places = this.#sources.get(file)?.places
    const reached = [...(places?.get(`${start}:${end}`) ?? []), ...(places?.get(somewhere) ?? [])]
    return [...new Set(reached)].filter((spec) => this.#specs.has(spec))
  }
}

export function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(text).update('\0')
  return hash.digest('base64url').slice(0, 16)
}
