// Which spec files reach which faults: all specs are run once in a copy of the project whose sources record it. What a spec file
// does not reach it cannot see, so each fault is shown only to those that do, its own room's first, and the quick ones first.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import type { Fault } from './faults.ts'
import { recordingSource } from './recorder.ts'
import { runSpecs } from './spec-run.ts'

export interface SpecFile {
  readonly file: string
  /** With the recorder in the library, on this machine. */
  readonly ms: number
  /** Its room is that of the fault. */
  readonly isNear: boolean
}

export interface ReachingOptions {
  /** A copy in which no fault is planted meanwhile. */
  readonly path: string
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

/** More than all specs take. */
const wholeRunMs = 3_600_000
const leastMs = 30_000
/** A run of few files is not worth its start; one of many loads them all before the first is run. */
const batchMs = 6_000
const batchFiles = 25

export class Reaching {
  readonly #specs: ReadonlyMap<string, number>
  readonly #reached: ReadonlyMap<Fault, ReadonlySet<string>>

  private constructor(specs: ReadonlyMap<string, number>, reached: ReadonlyMap<Fault, ReadonlySet<string>>) {
    this.#specs = specs
    this.#reached = reached
  }

  /** Spec files that fail without a fault are left out, and named by `tell`. Rejects where the specs do not end. */
  static async record(faults: readonly Fault[], { path, signal, tell }: ReachingOptions): Promise<Reaching> {
    const scratch = mkdtempSync(join(tmpdir(), 'isock-reaching-'))
    const files = { hits: join(scratch, 'hits'), current: join(scratch, 'current'), times: join(scratch, 'times') }
    for (const file of Object.values(files)) writeFileSync(file, '')
    const originals = new Map<string, string>()
    for (const { file } of faults) originals.set(file, readFileSync(join(path, file), 'utf8'))
    const numbered = faults.map((fault, number) => ({ ...fault, number }))
    try {
      for (const [file, source] of originals) {
        const own = numbered.filter((fault) => fault.file === file)
        writeFileSync(join(path, file), recordingSource(source, own, files))
      }
      tell('running all specs once, to learn which of them reach which fault')
      const env = { ISOCK_HITS_CURRENT: files.current, ISOCK_HITS_TIMES: files.times }
      const reporter = './scripts/mutation/hit-reporter.mjs'
      const specs = ['spec/**/*.spec.ts']
      const result = await runSpecs({ cwd: path, specs, timeoutMs: wholeRunMs, signal, env, reporter, isWhole: true })
      if (result.how === 'hung' || result.how === 'broken')
        throw new Error(`the specs must run in a library that records what they reach, but ${result.how}`)
      const hits = readFileSync(files.hits, 'utf8')
      const { took, failed } = readTimes(readFileSync(files.times, 'utf8'))
      for (const [file, source] of originals) writeFileSync(join(path, file), source)
      for (const spec of failed) if (!(await passes(spec, path, signal, tell))) took.delete(spec)
      return new Reaching(took, reachedBy(faults, hits, path))
    } finally {
      for (const [file, source] of originals) writeFileSync(join(path, file), source)
      rmSync(scratch, { recursive: true, force: true })
    }
  }

  /** Those that reach a fault, in the order in which to show it to them. `nearFolders` are those of its own room's specs. */
  specsOf(fault: Fault, nearFolders: readonly string[]): SpecFile[] {
    const reached = this.#reached.get(fault) ?? new Set()
    return [...this.#specs]
      .filter(([file]) => reached.has(file))
      .map(([file, ms]) => ({ file, ms, isNear: nearFolders.some((folder) => file.startsWith(folder)) }))
      .sort((one, other) => Number(other.isNear) - Number(one.isNear) || one.ms - other.ms)
  }
}

/** Lists to run one after the other, up to the first that fails: near and far ones apart. */
export function batchesOf(specs: readonly SpecFile[]): SpecFile[][] {
  const batches: SpecFile[][] = []
  let ms = 0
  for (const spec of specs) {
    const last = batches.at(-1)
    const fits = last?.[0]?.isNear === spec.isNear && last.length < batchFiles && ms + spec.ms <= batchMs
    if (fits) last.push(spec)
    else batches.push([spec])
    ms = fits ? ms + spec.ms : spec.ms
  }
  return batches
}

export function timeoutOf(batch: readonly SpecFile[], jobs: number): number {
  return leastMs + 3 * jobs * batch.reduce((sum, { ms }) => sum + ms, 0)
}

/** What hit-reporter.mjs wrote. */
export function readTimes(text: string): { readonly took: Map<string, number>; readonly failed: Set<string> } {
  const took = new Map<string, number>()
  const failed = new Set<string>()
  for (const [, what, ms, file] of text.matchAll(/^(took|failed) (\d+) (.+)$/gm)) {
    if (file === undefined) continue
    if (what === 'failed') failed.add(file)
    else took.set(file, (took.get(file) ?? 0) + Number(ms))
  }
  return { took, failed }
}

/** The recorder itself makes some fail, such as those that count lines. */
async function passes(spec: string, path: string, signal: AbortSignal, tell: (text: string) => void): Promise<boolean> {
  const { how } = await runSpecs({ cwd: path, specs: [spec], timeoutMs: wholeRunMs / 10, signal })
  if (how !== 'passed') tell(`${spec} is left out: without a fault, it ${how}`)
  return how === 'passed'
}

/**
 * A place that is reached while the specs are loaded is reached by every spec file that imports its file, because modules are loaded
 * once, for the first.
 */
function reachedBy(faults: readonly Fault[], hits: string, path: string): Map<Fault, Set<string>> {
  const reached = new Map<Fault, Set<string>>(faults.map((fault) => [fault, new Set()]))
  const atLoad = new Set<Fault>()
  for (const [, number, spec = ''] of hits.matchAll(/^(\d+) (.*)$/gm)) {
    const fault = faults[Number(number)] as Fault
    if (spec === '') atLoad.add(fault)
    else reached.get(fault)?.add(spec)
  }
  if (atLoad.size === 0) return reached
  const importers = importersOf(path)
  for (const fault of atLoad)
    for (const spec of importers(fault.file)) if (spec.endsWith('.spec.ts')) reached.get(fault)?.add(spec)
  return reached
}

/** All files of lib/ and spec/ that import a file, directly or through others. */
export function importersOf(path: string): (file: string) => ReadonlySet<string> {
  const importedBy = new Map<string, Set<string>>()
  for (const folder of ['lib', 'spec'])
    for (const entry of readdirSync(join(path, folder), { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue
      const file = `${folder}/${entry.replaceAll('\\', '/')}`
      for (const [, specifier] of readFileSync(join(path, file), 'utf8').matchAll(
        /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g,
      )) {
        const imported = posix.join(posix.dirname(file), specifier as string)
        const files = importedBy.get(imported) ?? new Set()
        importedBy.set(imported, files.add(file))
      }
    }
  return (file) => {
    const found = new Set<string>()
    const visit = (each: string): void => {
      for (const importer of importedBy.get(each) ?? [])
        if (!found.has(importer)) {
          found.add(importer)
          visit(importer)
        }
    }
    visit(file)
    return found
  }
}
