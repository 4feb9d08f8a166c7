// Which spec files reach which faults: all specs are run once in a copy of the project whose sources record it. What a spec file
// does not reach it cannot see, so each fault is shown only to those that do, its own room's first, and the quick ones first.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import type { Fault } from './faults.ts'
import { hashOf, ReachTable } from './reach-table.ts'
import { type NumberedFault, recordingSource } from './recorder.ts'
import { runSpecs } from './spec-run.ts'

export interface SpecFile {
  readonly file: string
  /** With the recorder in the library, on this machine. */
  readonly ms: number
  /** Its room is that of the fault. */
  readonly isNear: boolean
}

export interface ReachingOptions {
  /** Copies in which no fault is planted meanwhile. At least one; as many processes run specs. */
  readonly paths: readonly string[]
  /** Where what is learned is kept, so that only spec files are run that have changed. Default: nowhere. */
  readonly keptIn?: string | undefined
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

/** More than all specs take. */
const wholeRunMs = 3 * 3_600_000
const leastMs = 30_000
/** A run of few files is not worth its start; one of many loads them all before the first is run. */
const batchMs = 6_000
const batchFiles = 25
/** Spec files that one process runs to record: it loads the library once for all of them. */
const recordedFiles = 25

export class Reaching {
  readonly #table: ReachTable

  private constructor(table: ReachTable) {
    this.#table = table
  }

  /**
   * Of these faults, which are all that there are where what is learned is kept. Spec files that fail without a fault are left out, and
   * named by `tell`. Rejects where the specs do not end.
   */
  static async record(faults: readonly Fault[], options: ReachingOptions): Promise<Reaching> {
    const { keptIn } = options
    const [path = ''] = options.paths
    const table = keptIn === undefined ? new ReachTable() : ReachTable.read(keptIn)
    const sources = new Map([...new Set(faults.map(({ file }) => file))].map((file) => [file, textOf(path, file)]))
    for (const [file, source] of sources) table.setSource(file, hashOf(source))
    const hashes = specHashes(path)
    const specs = table.unknownOf(hashes)
    if (specs.length > 0) {
      const { took, failed, hits } = await recordHits(faults, sources, specs, options)
      for (const spec of failed) if (!(await passes(spec, options))) took.delete(spec)
      for (const [spec, ms] of took) table.addSpec(spec, { hash: hashes.get(spec) as string, ms })
      addReached(table, faults, hits, path)
      if (keptIn !== undefined) table.write(keptIn)
    }
    return new Reaching(table)
  }

  /** Those that reach a fault, in the order in which to show it to them. `nearFolders` are those of its own room's specs. */
  specsOf(fault: Fault, nearFolders: readonly string[]): SpecFile[] {
    return this.#table
      .reaching(fault)
      .map((file) => ({
        file,
        ms: this.#table.specs.get(file)?.ms ?? 0,
        isNear: nearFolders.some((folder) => file.startsWith(folder)),
      }))
      .sort((one, other) => Number(other.isNear) - Number(one.isNear) || one.ms - other.ms)
  }
}

interface Recorded {
  readonly took: Map<string, number>
  readonly failed: Set<string>
  hits: string
}

/** Runs spec files in the copies. */
async function recordHits(
  faults: readonly Fault[],
  sources: ReadonlyMap<string, string>,
  specs: readonly string[],
  { paths, signal, tell }: ReachingOptions,
): Promise<Recorded> {
  tell(`running ${specs.length} spec files once, to learn which of them reach which fault`)
  const left = [...specs]
  const share = Math.min(recordedFiles, Math.ceil(specs.length / paths.length))
  const next = (): string[] => {
    const begun = specs.length - left.length
    if (begun >= share * paths.length && left.length > 0) tell(`${begun} of ${specs.length} spec files have begun`)
    return left.splice(0, share)
  }
  const parts = await Promise.allSettled(paths.map((path) => recordIn(path, faults, sources, next, signal)))
  const recorded: Recorded = { took: new Map(), failed: new Set(), hits: '' }
  for (const part of parts) {
    if (part.status === 'rejected') throw part.reason
    for (const [spec, ms] of part.value.took) recorded.took.set(spec, ms)
    for (const spec of part.value.failed) recorded.failed.add(spec)
    recorded.hits += part.value.hits
  }
  return recorded
}

/** Runs spec files in one copy, up to where `next` gives none. Its sources record meanwhile what is reached. */
async function recordIn(
  path: string,
  faults: readonly Fault[],
  sources: ReadonlyMap<string, string>,
  next: () => readonly string[],
  signal: AbortSignal,
): Promise<Recorded> {
  const scratch = mkdtempSync(join(tmpdir(), 'isock-reaching-'))
  const files = { hits: join(scratch, 'hits'), current: join(scratch, 'current'), times: join(scratch, 'times') }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const numbered = numberedByFile(faults)
  try {
    for (const [file, source] of sources)
      writeFileSync(join(path, file), recordingSource(source, numbered.get(file) ?? [], files))
    const env = { ISOCK_HITS_CURRENT: files.current, ISOCK_HITS_TIMES: files.times }
    const reporter = './scripts/mutation/hit-reporter.mjs'
    for (let specs = next(); specs.length > 0; specs = next()) {
      const { how } = await runSpecs({ cwd: path, specs, timeoutMs: wholeRunMs, signal, env, reporter, isWhole: true })
      if (how === 'hung' || how === 'broken' || how === 'stopped')
        throw new Error(`the specs must run in a library that records what they reach, but ${how}`)
    }
    return { ...readTimes(readFileSync(files.times, 'utf8')), hits: readFileSync(files.hits, 'utf8') }
  } finally {
    for (const [file, source] of sources) writeFileSync(join(path, file), source)
    rmSync(scratch, { recursive: true, force: true })
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

function numberedByFile(faults: readonly Fault[]): Map<string, (Fault & NumberedFault)[]> {
  const byFile = new Map<string, (Fault & NumberedFault)[]>()
  for (const [number, fault] of faults.entries()) {
    const own = byFile.get(fault.file) ?? []
    own.push({ ...fault, number })
    byFile.set(fault.file, own)
  }
  return byFile
}

/** The recorder itself makes some fail, such as those that count lines. */
async function passes(spec: string, { paths: [path = ''], signal, tell }: ReachingOptions): Promise<boolean> {
  const { how } = await runSpecs({ cwd: path, specs: [spec], timeoutMs: wholeRunMs, signal })
  if (how !== 'passed') tell(`${spec} is left out: without a fault, it ${how}`)
  return how === 'passed'
}

/**
 * A place that is reached while the specs are loaded is reached by every spec file that imports its file, because modules are loaded
 * once, for the first.
 */
function addReached(table: ReachTable, faults: readonly Fault[], hits: string, path: string): void {
  const importers = importersOf(path)
  for (const [, numbers = '', spec = ''] of hits.matchAll(/^([\d,]+) (.*)$/gm))
    for (const number of numbers.split(',')) {
      const fault = faults[Number(number)] as Fault
      for (const each of spec === '' ? importers(fault.file) : [spec])
        if (table.specs.has(each)) table.addReached(fault, each)
    }
}

/** Of each spec file, with what it imports of spec/. A program that it starts is not looked at. */
function specHashes(path: string): Map<string, string> {
  const hashes = new Map<string, string>()
  const imports = importsIn(path)
  for (const file of imports.keys()) {
    if (!file.endsWith('.spec.ts')) continue
    const own = new Set<string>()
    const visit = (each: string): void => {
      if (own.has(each) || !each.startsWith('spec/') || !imports.has(each)) return
      own.add(each)
      for (const imported of imports.get(each) ?? []) visit(imported)
    }
    visit(file)
    hashes.set(file, hashOf(...[...own].sort().map((each) => textOf(path, each))))
  }
  return hashes
}

/** All files of lib/ and spec/ that import a file, directly or through others. */
export function importersOf(path: string): (file: string) => ReadonlySet<string> {
  const importedBy = new Map<string, string[]>()
  for (const [file, imports] of importsIn(path))
    for (const imported of imports) importedBy.set(imported, [...(importedBy.get(imported) ?? []), file])
  const known = new Map<string, ReadonlySet<string>>()
  return (file) => {
    const found = known.get(file) ?? new Set<string>()
    if (known.has(file)) return found
    const visit = (each: string): void => {
      for (const importer of importedBy.get(each) ?? [])
        if (!found.has(importer)) {
          ;(found as Set<string>).add(importer)
          visit(importer)
        }
    }
    visit(file)
    known.set(file, found)
    return found
  }
}

/** What each file of lib/ and spec/ imports, by paths in the project. */
function importsIn(path: string): Map<string, string[]> {
  const imports = new Map<string, string[]>()
  const published = publishedIn(path)
  for (const folder of ['lib', 'spec'])
    for (const entry of readdirSync(join(path, folder), { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue
      const file = `${folder}/${entry.replaceAll('\\', '/')}`
      const found = textOf(path, file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)
      const paths = [...found].flatMap(([, specifier = '']) =>
        specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : (published.get(specifier) ?? []),
      )
      imports.set(file, paths)
    }
  return imports
}

/** `isock/http` and the like, with the file of lib/ that each is. */
function publishedIn(path: string): Map<string, string> {
  const { name, exports } = JSON.parse(textOf(path, 'package.json')) as {
    name: string
    exports: Record<string, object>
  }
  const published = new Map<string, string>()
  for (const [entry, { default: file }] of Object.entries(exports) as [string, { default?: string }][])
    if (file !== undefined)
      published.set(posix.join(name, entry), file.replace('./dist/', 'lib/').replace(/\.js$/, '.ts'))
  return published
}

function textOf(path: string, file: string): string {
  return readFileSync(join(path, file), 'utf8')
}
