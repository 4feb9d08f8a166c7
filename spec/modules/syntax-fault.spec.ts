// Modules that are no JavaScript: the error names the file and the line, also of one that is imported.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadModules } from '../../lib/modules/load-modules.ts'
import { failureOf } from '../setup/world.ts'

describe('A module that is no JavaScript', () => {
  const directory = mkdtempSync(join(tmpdir(), 'isock-syntax-'))
  const file = (name: string, text: string): string => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  const failure = async (path: string): Promise<string> => ((await failureOf(loadModules([path]))) as Error).message

  after(() => rmSync(directory, { recursive: true }))

  it('is named with its line', async () => {
    const bad = file('bad.mjs', 'globalThis.ranTooEarly = true\nconst b = ;\n')
    const message = await failure(bad)
    expect(message)
      .to.match(/^cannot load .*bad\.mjs: SyntaxError: /)
      .and.include(`(${bad}:2)`)
    expect(globalThis).to.not.have.property('ranTooEarly')
  })

  it('is named where another one imports it', async () => {
    const inner = file('inner.mjs', '\n\nexport const = 1\n')
    const outer = file('outer.mjs', "import './inner.mjs'\n")
    expect(await failure(outer))
      .to.match(/^cannot load .*outer\.mjs: SyntaxError: /)
      .and.include(`(${inner}:3)`)
  })

  it('is named where it imports what another one does not export, or is CommonJS', async () => {
    const missing = file('missing.mjs', "\nimport { nope } from 'node:fs'\n")
    expect(await failure(missing)).to.include(`(${missing}:2)`)
    const common = file('common.cjs', '\nconst a = ;\n')
    expect(await failure(common)).to.include(`(${common}:2)`)
  })

  it('is only named where its code throws a SyntaxError', async () => {
    const thrown = file('thrown.mjs', "JSON.parse('{')\n")
    expect(await failure(thrown)).to.match(/^cannot load .*thrown\.mjs: SyntaxError: [^(]*(\(line \d+ column \d+\))?$/)
  })
})
