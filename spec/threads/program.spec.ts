// The program's main module in threads: refused in every form, as are servers in threads.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { isProgram } from '../../lib/features/threads/program.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { threads } from '../../lib/threads.ts'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'
import { TellRefusal } from './starts-server.ts'

describe('threads and the main module', function () {
  this.timeout(120_000)
  let directory: string
  const given = process.argv[1] as string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-program-'))
  })
  afterEach(() => {
    process.argv[1] = given
    rmSync(directory, { recursive: true, force: true })
  })

  for (const form of ['url', 'URL', 'query', 'hash', 'dots', 'link']) {
    const formIt: typeof longIt = form === 'link' ? it : longIt
    formIt(`refuse an action that is defined there (${form})`, async () => {
      const { stdout } = await startScript('spec/threads/main-module.ts', { args: [form, directory] }).ended
      expect(stdout).to.match(/^main\nINVALID_ACTION action "Again" is defined in the program's main module/)
    })
  }

  const programs: readonly [string, string, string, boolean][] = [
    ['as it is', 'main.js', 'main.js', true],
    ['without its extension', 'main', 'main.js', true],
    ['compiled', 'main.js', 'main.ts', true],
    ['by its folder', 'folder', 'folder/index.js', true],
    ['through a link', 'link.js', 'main.js', true],
    ['another module', 'main.js', 'other.js', false],
    ['one of another folder', 'folder/main.js', 'main.js', false],
  ]
  for (const [what, started, asked, isIt] of programs) {
    it(`know it: ${what}`, () => {
      mkdirSync(join(directory, 'folder'))
      for (const file of ['main.js', 'main.ts', 'other.js', 'folder/index.js', 'folder/main.js'])
        writeFileSync(join(directory, file), '')
      symlinkSync(join(directory, 'main.js'), join(directory, 'link.js'))
      process.argv[1] = join(directory, started)
      expect(isProgram(pathToFileURL(join(directory, asked)).href)).to.equal(isIt)
    })
  }

  longIt('start no server', async () => {
    await using harness = await createHarness({
      actions: [new TellRefusal()],
      server: { features: [threads({ max: 1 })] },
    })
    expect(await harness.client.runAction(TellRefusal)).to.match(
      /^INVALID_USAGE listen\(\): a server cannot start in a thread/,
    )
  })
})
