// The faults that `npm run mutate` plants: what is changed and what is not, that they compile, and how a run of specs is read.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Compiler } from '../../scripts/mutation/compiler.ts'
import { equivalents, isEquivalent } from '../../scripts/mutation/equivalents.ts'
import { type Fault, faultsIn, withFault } from '../../scripts/mutation/faults.ts'
import { isSeen, jsonOf, progressText, survivorText, type Tried, tableOf } from '../../scripts/mutation/report.ts'
import { filesOf, roomOf, specsOf, widerSpecsOf } from '../../scripts/mutation/rooms.ts'
import { drawn } from '../../scripts/mutation/sample.ts'
import { readTap, type SpecResult } from '../../scripts/mutation/spec-run.ts'
import { longIt } from '../setup/long.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** What becomes of a source, one line for each fault. */
const faultsOf = (source: string): string[] =>
  faultsIn('lib/core/base/x.ts', source).map((fault) => `${fault.kind}: ${withFault(source, fault)}`)

describe('A planted fault', () => {
  const changes: Record<string, [source: string, ...faults: string[]]> = {
    'flips a condition': ['if (a) b++', 'condition: if (!(a)) b++', 'arithmetic: if (a) b--'],
    'flips that of a loop': ['while (f(a)) {}', 'condition: while (!(f(a))) {}'],
    'flips a choice': ['let x = a ? b : c', 'condition: let x = !(a) ? b : c'],
    'flips a comparison where it stands, once': ['if (a === b) {}', 'comparison: if (a !== b) {}'],
    'moves a bound by one': ['let x = a < b', 'comparison: let x = a <= b'],
    'takes a negation away': ['let x = !a', 'negation: let x = a'],
    'joins otherwise': ['let x = a && b', 'and-or: let x = a || b'],
    'takes what stands in for a value': ['let x = a ?? b', 'fallback: let x = (b)'],
    'calculates otherwise': ['let x = a + b', 'arithmetic: let x = a - b'],
    'counts the other way': ['a -= b', 'statement: {}', 'arithmetic: a += b'],
    'does not do something': ['f(a)', 'statement: {}'],
    'does not wait': ['await f()', 'statement: {}', 'await: f()'],
    'gives a constant': [
      'const f = () => a > b',
      'return: const f = () => true',
      'return: const f = () => false',
      'comparison: const f = () => a >= b',
    ],
    'gives nothing': ['function f() { return a.b }', 'return: function f() { return undefined }'],
    'relies on what may be missing': ['let x = a?.b', 'optional-chain: let x = a!.b'],
    'is one off': ['let x = a[0]', 'boundary: let x = a[1]'],
  }
  for (const [what, [source, ...faults]] of Object.entries(changes))
    it(what, () => {
      expect(faultsOf(source).sort()).to.deep.equal([...faults].sort())
    })

  it('is none in what decides nothing', () => {
    for (const source of [
      'import { a } from "b"',
      'interface A { b: 1 | 2 }',
      'type A = 0 extends 1 ? 2 : 3',
      'export { a } from "b"',
      'let x = `${a + b}`',
      'throw new RangeError(`${a + b}`)',
      'log.warn({ a: a + b })',
      'this.kit.log?.error(a + 1)',
      'const limitMs = 60_000',
      'let x = "a" + b',
      'return undefined',
      'super(a)',
      '// a && b',
    ])
      expect(faultsOf(source), source).to.deep.equal([])
  })

  it('says where it is', () => {
    const [fault] = faultsIn('lib/core/base/x.ts', '\n  if (a) {}')
    expect(fault).to.deep.include({ file: 'lib/core/base/x.ts', line: 2, column: 7, from: 'a', to: '!(a)' })
  })

  longIt('is planted in a file of the library so that it compiles, or is left out', function () {
    this.timeout(120_000)
    const file = `${root}/lib/core/base/backoff.ts`
    const compiler = new Compiler(root, [file])
    const source = 'export const half = (n: number): number => n / 2\n'
    expect(compiler.accepts(file, source)).to.equal(true)
    expect(compiler.accepts(file, 'export const half = (n: number): number => "n"\n')).to.equal(false)
    expect(compiler.accepts(file, 'export const half = (n: number): number => (n\n')).to.equal(false)
    // What is used no more is no reason not to try it.
    expect(compiler.accepts(file, 'const unused = 1\nexport const half = (n: number): number => n\n')).to.equal(true)
    compiler.close()
  })

  it('is left out where somebody has said why nothing sees it', () => {
    const source = 'let a = 1\n  if (a) {}\n'
    const fault = faultsIn('lib/core/base/x.ts', source).find(({ kind }) => kind === 'condition') as Fault
    const known = { file: 'lib/core/base/x.ts', line: 'if (a) {}', from: 'a', to: '!(a)', why: 'it is always so' }
    expect(isEquivalent(fault, source, [known])).to.equal(true)
    expect(isEquivalent(fault, source, [{ ...known, line: 'if (b) {}' }])).to.equal(false)
    expect(isEquivalent(fault, source, [{ ...known, to: 'b' }])).to.equal(false)
    expect(isEquivalent(fault, source, [{ ...known, file: 'lib/core/base/y.ts' }])).to.equal(false)
    expect(isEquivalent(fault, source, [{ ...known, nth: 1 }])).to.equal(false)
  })

  it('is left out once for each line of that list, which is up to date', () => {
    for (const known of equivalents) {
      const source = readFileSync(`${root}/${known.file}`, 'utf8')
      const meant = faultsIn(known.file, source).filter((fault) => isEquivalent(fault, source, [known]))
      expect(meant, `${known.file}: ${known.line}`).to.have.length(1)
    }
  })
})

describe('A sample of faults', () => {
  const all = Array.from({ length: 100 }, (_, i) => i)

  it('is the same for the same seed, and another one for another', () => {
    expect(drawn(all, 7)).to.deep.equal(drawn(all, 7))
    expect(drawn(all, 7)).to.not.deep.equal(drawn(all, 8))
  })

  it('has each of them once', () => {
    expect(drawn(all, 7).sort((a, b) => a - b)).to.deep.equal(all)
  })

  it('is of the rooms that were named, each with its specs', () => {
    const files = filesOf(root, ['gateways/http', 'channels'])
    expect(files).to.include.members(['lib/features/channels/rooms.ts', 'lib/gateways/http/body.ts'])
    expect(files.every((file) => /^lib\/(features\/channels|gateways\/http)\//.test(file))).to.equal(true)
    expect(filesOf(root, [])).to.include.members(['lib/core/base/clock.ts', 'lib/core/session/session.ts'])
    expect(() => filesOf(root, ['kitchen'])).to.throw('there is no room kitchen')
    expect(roomOf('lib/gateways/http/body.ts')).to.equal('gateways/http')
    expect(specsOf(root, 'gateways/http')).to.deep.equal(['spec/gateways/http/**/*.spec.ts'])
    expect(specsOf(root, 'tasks/client')).to.deep.equal(['spec/tasks/**/*.spec.ts'])
    expect(specsOf(root, 'link')).to.deep.equal(['spec/link/**/*.spec.ts', 'spec/contracts/**/*.spec.ts'])
    expect(specsOf(root, 'data/engine')).to.deep.equal(['spec/data/engine/**/*.spec.ts', 'spec/data/**/*.spec.ts'])
    expect(specsOf(root, 'kitchen')).to.deep.equal([])
  })

  it('shows survivors to the specs of the rooms that use theirs, without those that they were shown to', () => {
    const wider = widerSpecsOf(root, 'session')
    expect(wider).to.include.members(['spec/server/**/*.spec.ts', 'spec/simulation/**/*.spec.ts'])
    expect(wider).to.not.include.members(specsOf(root, 'session'))
    expect(widerSpecsOf(root, 'gateways/http')[0]).to.equal('spec/gateways/**/*.spec.ts')
    expect(widerSpecsOf(root, 'cli')).to.deep.equal([])
    for (const room of new Set(filesOf(root, []).map(roomOf)))
      for (const pattern of widerSpecsOf(root, room)) expect(specsOf(root, room)).to.not.include(pattern)
  })
})

describe('What came of a fault', () => {
  const [fault] = faultsIn('lib/core/base/x.ts', 'if (a) {}') as [Fault]
  const tried = (room: string, result: SpecResult): Tried => ({ fault, room, result, ms: 1 })

  it('is read off what mocha says', () => {
    expect(readTap('1..2\nok 1 a\nok 2 b\n# pass 2\n', 0)).to.deep.equal({ how: 'passed', count: 2 })
    expect(readTap('1..2\nok 1 a\nnot ok 2 b is c\n  Error\n', 1)).to.deep.equal({ how: 'failed', spec: 'b is c' })
    expect(readTap('', 1)).to.deep.equal({ how: 'broken' })
    expect(readTap('', 0)).to.deep.equal({ how: 'broken' })
    expect(readTap('ok 1 a\n', null)).to.deep.equal({ how: 'broken' })
  })

  it('is seen where specs fail, hang or cannot run', () => {
    const seen = (how: SpecResult['how']) => isSeen({ result: { how } as SpecResult })
    expect((['failed', 'hung', 'broken', 'passed', 'stopped'] as const).map(seen)).to.deep.equal([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  it('is counted for each room, and for all', () => {
    const results = [
      tried('wire', { how: 'failed', spec: 'a' }),
      tried('base', { how: 'hung' }),
      tried('base', { how: 'passed', count: 3 }),
    ]
    expect(tableOf(results)).to.equal(
      [
        'room  planted  seen  survived    share',
        'base        2     1         1   50.0 %',
        'wire        1     1         0  100.0 %',
        'all         3     2         1   66.7 %',
      ].join('\n'),
    )
    expect(tableOf([])).to.contain('all')
    const json = JSON.parse(jsonOf(results, 7))
    expect(json).to.deep.include({ seed: 7 })
    expect(json.faults[2]).to.include({ file: 'lib/core/base/x.ts', how: 'passed', isSeen: false })
  })

  it('is shown with its place', () => {
    expect(survivorText({ fault }, '  if (a) {}')).to.equal(
      'lib/core/base/x.ts:1:5  condition: a -> !(a)\n    if (a) {}',
    )
  })

  it('is awaited with a bar', () => {
    expect(progressText(0, 4, 0, 0)).to.equal(`[${'.'.repeat(24)}] 0 of 4, 0 survived`)
    expect(progressText(1, 4, 1, 2_000)).to.equal(`[${'#'.repeat(6)}${'.'.repeat(18)}] 1 of 4, 1 survived, 6 s left`)
  })
})
