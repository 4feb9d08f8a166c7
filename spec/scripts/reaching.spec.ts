// What `npm run mutate -- --everywhere` learns before it plants a fault: which spec files reach the place of which fault, in which order
// they are shown it, and that the recorder changes nothing of what a source does.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'
import { type Fault, faultsIn } from '../../scripts/mutation/faults.ts'
import {
  batchesOf,
  importersOf,
  Reaching,
  readTimes,
  type SpecFile,
  timeoutOf,
} from '../../scripts/mutation/reaching.ts'
import { recordingSource } from '../../scripts/mutation/recorder.ts'
import { filesOf } from '../../scripts/mutation/rooms.ts'
import { longIt } from '../setup/long.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const files = { hits: '/nowhere/hits', current: '/nowhere/current' }

/** Without the recorder itself, and with calls that are short to read. */
const recorded = (source: string, kind?: string): string => {
  const faults = faultsIn('lib/core/base/x.ts', source).filter((fault) => kind === undefined || fault.kind === kind)
  const text = recordingSource(source, [{ ...(faults[0] as Fault), number: 1 }], files)
  return text.slice(text.indexOf('})();\n') + 6).replaceAll("globalThis.__isockHit('1')", 'hit')
}

describe('A source that records what of it is reached', () => {
  const places: Record<string, [source: string, recorded: string, kind?: string]> = {
    'before a statement': ['f(a)', ';hit;f(a)'],
    'in a branch without braces': ['if (f) a = b\nelse c()', 'if (f) {hit;a = b}\nelse c()', 'statement'],
    'before a condition': ['if (a) {}', ';hit;if (a) {}'],
    'before a loop, for its condition': ['for (; a < b; ) {}', ';hit;for (; a < b; ) {}', 'comparison'],
    'in what an arrow function gives': ['const f = () => a.b', 'const f = () => (hit, a.b)'],
    'in the second operand': ['const x = a && b < c', 'const x = a && (hit, b < c)', 'comparison'],
    'in a choice': ['const x = a ? b < c : d', 'const x = a ? (hit, b < c) : d', 'comparison'],
    'in a field': ['class A { x = a + b }', 'class A { x = (hit, a + b) }'],
    'in a default': ['function f(a = 1) {}', 'function f(a = (hit, 1)) {}'],
  }
  for (const [where, [source, expected, kind]] of Object.entries(places))
    it(`says so ${where}`, () => {
      expect(recorded(source, kind)).to.equal(expected)
    })

  it('keeps the first line of a command first', () => {
    const [fault] = faultsIn('x.ts', '#!/usr/bin/env node\nf(a)\n') as [Fault]
    const text = recordingSource('#!/usr/bin/env node\nf(a)\n', [{ ...fault, number: 0 }], files)
    expect(text.startsWith('#!/usr/bin/env node\n')).to.equal(true)
  })

  longIt('has a place for every fault of the library, and can be parsed', function () {
    this.timeout(120_000)
    for (const file of filesOf(root, [])) {
      const source = readFileSync(`${root}/${file}`, 'utf8')
      const faults = faultsIn(file, source).map((fault, number) => ({ ...fault, number }))
      const text = recordingSource(source, faults, files)
      const numbers = [...text.matchAll(/__isockHit\('([\d,]+)'\)/g)].flatMap(([, of = '']) => of.split(','))
      expect(new Set(numbers).size, file).to.equal(faults.length)
      const { diagnostics = [] } = ts.transpileModule(text, {
        reportDiagnostics: true,
        compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
      })
      expect(
        diagnostics.map(({ messageText }) => messageText),
        file,
      ).to.deep.equal([])
    }
  })
})

describe('The spec files that reach a fault', () => {
  const signal = new AbortController().signal
  let path: string

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'isock-reaching-spec-'))
    for (const entry of ['node_modules', 'scripts', 'package.json']) symlinkSync(join(root, entry), join(path, entry))
    write('spec/setup/hooks.ts', 'export const mochaHooks = {}\n')
  })

  afterEach(() => rmSync(path, { recursive: true, force: true }))

  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text)
  }
  const spec = (...lines: string[]): string =>
    ['import { x } from "../../lib/a/x.ts"', ...lines].join('\n').replaceAll('"', "'")

  longIt('are found in their own process and in those that they start, at loading and later', async function () {
    this.timeout(120_000)
    const source =
      'export const bound = 1\nexport function x(a: number) {\n  if (a > 5) return false\n  return a !== 3\n}\n'
    write('lib/a/x.ts', source)
    write('spec/a/one.spec.ts', spec('it("one", () => void x(9))'))
    write('spec/b/two.spec.ts', spec('it("two", () => void x(4))'))
    write('spec/b/fails.spec.ts', spec('it("fails", () => { x(4); throw new Error() })'))
    write('spec/c/program.ts', spec('x(4)'))
    write(
      'spec/c/child.spec.ts',
      `import { execFileSync } from 'node:child_process'
it('child', () => void execFileSync(process.execPath, ['--import', 'tsx', 'spec/c/program.ts'], { env: {} }))`,
    )
    const faults = faultsIn('lib/a/x.ts', source)
    const said: string[] = []
    const reaching = await Reaching.record(faults, { paths: [path], signal, tell: (text) => said.push(text) })
    const reached = (line: number): string[] =>
      reaching.specsOf(faults.find((fault) => fault.line === line) as Fault, ['spec/b/']).map(({ file }) => file)
    expect(reached(1).sort()).to.deep.equal(['spec/a/one.spec.ts', 'spec/b/two.spec.ts', 'spec/c/child.spec.ts'])
    expect(reached(3)[0]).to.equal('spec/b/two.spec.ts') // its own room's first
    expect(reached(3)).to.have.length(3)
    expect(reached(4).sort()).to.deep.equal(['spec/b/two.spec.ts', 'spec/c/child.spec.ts'])
    expect(said.at(-1)).to.equal('spec/b/fails.spec.ts is left out: without a fault, it failed')
    expect(readFileSync(join(path, 'lib/a/x.ts'), 'utf8')).to.equal(source)
  })

  longIt('are found in several copies at the same time, each spec file in one of them', async function () {
    this.timeout(120_000)
    const other = mkdtempSync(join(tmpdir(), 'isock-reaching-spec-'))
    try {
      const source = 'export function x(a: number) {\n  if (a > 5)\n    return a !== 8\n  return a !== 3\n}\n'
      write('lib/a/x.ts', source)
      for (const [name, value] of [
        ['one', 9],
        ['two', 4],
        ['three', 9],
        ['four', 4],
      ] as const)
        write(`spec/a/${name}.spec.ts`, spec(`it("${name}", () => void x(${value}))`))
      cpSync(path, other, { recursive: true, verbatimSymlinks: true })
      const faults = faultsIn('lib/a/x.ts', source)
      const reaching = await Reaching.record(faults, { paths: [path, other], signal, tell: () => undefined })
      const reached = (line: number): string[] =>
        reaching.specsOf(faults.find((fault) => fault.line === line) as Fault, []).map(({ file }) => file)
      expect(reached(3).sort()).to.deep.equal(['spec/a/one.spec.ts', 'spec/a/three.spec.ts'])
      expect(reached(4).sort()).to.deep.equal(['spec/a/four.spec.ts', 'spec/a/two.spec.ts'])
      for (const each of [path, other]) expect(readFileSync(join(each, 'lib/a/x.ts'), 'utf8')).to.equal(source)
    } finally {
      rmSync(other, { recursive: true, force: true })
    }
  })

  longIt('are kept in a file, and only those are run that have changed since', async function () {
    this.timeout(120_000)
    const keptIn = join(path, 'reach.json')
    const source = 'export function x(a: number) {\n  if (a > 5)\n    return a !== 8\n  return a !== 3\n}\n'
    write('lib/a/x.ts', source)
    write('spec/a/one.spec.ts', spec('it("one", () => void x(9))'))
    write('spec/a/two.spec.ts', spec('import { b } from "./helper.ts"', 'it("two", () => void x(b))'))
    write('spec/a/helper.ts', 'export const b = 9\n')
    const said: string[] = []
    const tell = (text: string): void => void said.push(text)
    const reached = async (faults: readonly Fault[], line: number): Promise<string[]> => {
      const reaching = await Reaching.record(faults, { paths: [path], keptIn, signal, tell })
      return reaching.specsOf(faults.find((fault) => fault.line === line) as Fault, []).map(({ file }) => file)
    }
    expect(await reached(faultsIn('lib/a/x.ts', source), 4)).to.deep.equal([])
    expect(said.splice(0)).to.have.length(1)
    expect(await reached(faultsIn('lib/a/x.ts', source), 4)).to.deep.equal([])
    expect(said).to.deep.equal([])
    // What it imports is a part of it.
    write('spec/a/helper.ts', 'export const b = 4\n')
    expect(await reached(faultsIn('lib/a/x.ts', source), 4)).to.deep.equal(['spec/a/two.spec.ts'])
    expect(said.splice(0)[0]).to.contain('running 1 spec files once')
    expect(await reached(faultsIn('lib/a/x.ts', source), 3)).to.deep.equal(['spec/a/one.spec.ts'])
    // Where the source has changed, nobody knows which place of it a spec file reaches now.
    const longer = `// One more line.\n${source}`
    write('lib/a/x.ts', longer)
    expect((await reached(faultsIn('lib/a/x.ts', longer), 4)).sort()).to.deep.equal([
      'spec/a/one.spec.ts',
      'spec/a/two.spec.ts',
    ])
    rmSync(join(path, 'spec/a/one.spec.ts'))
    expect(await reached(faultsIn('lib/a/x.ts', longer), 4)).to.deep.equal(['spec/a/two.spec.ts'])
    expect(said).to.deep.equal([])
  })

  it('are those that import a file, directly or not, where it is reached when it is loaded', () => {
    write('lib/a/x.ts', 'export const x = 1\n')
    write('lib/b/y.ts', "export { x } from '../a/x.ts'\n")
    write('spec/b/y.spec.ts', "import { x } from '../../lib/b/y.ts'\n")
    write('spec/b/z.spec.ts', "await import('../../lib/b/y.ts')\n")
    write('lib/index.ts', "export { x } from './a/x.ts'\n")
    write('spec/b/published.spec.ts', "import { x } from 'isock'\n")
    write('spec/b/other.spec.ts', "import '../../lib/b/other.ts'\n")
    const importers = [...importersOf(path)('lib/a/x.ts')].sort()
    expect(importers).to.deep.equal([
      'lib/b/y.ts',
      'lib/index.ts',
      'spec/b/published.spec.ts',
      'spec/b/y.spec.ts',
      'spec/b/z.spec.ts',
    ])
  })

  it('are run in lists, near and far ones apart, a slow one alone', () => {
    const near = (file: string, ms: number): SpecFile => ({ file, ms, isNear: true })
    const far = (file: string, ms: number): SpecFile => ({ file, ms, isNear: false })
    const specs = [near('a', 1), near('b', 2), near('c', 60_000), far('d', 3), far('e', 4)]
    const names = batchesOf(specs).map((batch) => batch.map(({ file }) => file).join(''))
    expect(names).to.deep.equal(['ab', 'c', 'de'])
    expect(timeoutOf(specs, 1)).to.equal(30_000 + 3 * 60_010)
    expect(timeoutOf(specs, 2)).to.equal(30_000 + 6 * 60_010)
  })

  it('are timed by what their reporter writes', () => {
    const { took, failed } = readTimes('took 5 spec/a.spec.ts\nfailed 0 spec/b.spec.ts\ntook 2 spec/a.spec.ts\n')
    expect([...took]).to.deep.equal([['spec/a.spec.ts', 7]])
    expect([...failed]).to.deep.equal(['spec/b.spec.ts'])
  })
})
