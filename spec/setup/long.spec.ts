// What `npm test` does with long specs, and what is said at the end of a run: once for each reason, not once for each spec.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { longIt } from './long.ts'
import { RunningScript } from './run-script.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

const source = `import { longDescribe, longIt, sizeOf } from '${root}spec/setup/long.ts'
import { skip } from '${root}spec/setup/skip.ts'
it('repeats ' + sizeOf({ all: 100, few: 7 }) + ' times', () => undefined)
describe('a group with a long spec', () => {
  it('is there', () => undefined)
  longIt('is long', () => undefined)
})
longDescribe('a long group', () => {
  before(() => console.log('its hook'))
  it('is long too', () => undefined)
  longIt('is as long', () => undefined)
})
describe('a group without its browser', () => {
  before(function () { skip(this, 'there is no browser') })
  it('needs one', () => undefined)
  it('needs one, too', () => undefined)
})
`

describe('A run of the specs', function () {
  this.timeout(120_000)
  let folder: string

  before(() => {
    // Inside of the project, so that it finds the packages that it needs.
    const cache = join(root, 'node_modules', '.cache')
    mkdirSync(cache, { recursive: true })
    folder = mkdtempSync(join(cache, 'isock-long-'))
    writeFileSync(join(folder, 'some.spec.ts'), source)
  })

  after(() => rmSync(folder, { recursive: true }))

  async function run(size: string | undefined): Promise<string> {
    const command = [
      join(root, 'node_modules/mocha/bin/mocha.js'),
      '--no-config',
      '--node-option=import=tsx',
      '--require=./scripts/mocha-esm.mjs',
      '--reporter=scripts/mocha-reporter.mjs',
      join(folder, 'some.spec.ts'),
    ]
    const env = {
      ISOCK_SPECS_SIZE: size,
      ISOCK_SPECS_TOTALS: undefined,
      ISOCK_SPECS_TIMES: undefined,
      FORCE_COLOR: '0',
    }
    return (await new RunningScript(command, { env }).ended).stdout
  }

  it('that is short leaves out long ones with their hooks, repeats less, and says how many it left out', async () => {
    const said = await run('few')
    expect(said).to.include('repeats 7 times').and.to.include('is there')
    expect(said).to.not.match(/is long|is as long|a long group|its hook/)
    expect(said.trimEnd().split('\n').slice(-3)).to.deep.equal([
      `skipped 2 specs of ${folder.slice(root.length)}: there is no browser`,
      '3 long specs were left out; npm run test:all runs all specs at full size',
      '2 passed, 0 failed, 2 skipped',
    ])
    expect(said.match(/needs one|without its browser/g)).to.equal(null)
  })

  longIt('of a file alone has all of them, at full size', async () => {
    const said = await run(undefined)
    expect(said).to.include('repeats 100 times').and.to.include('its hook').and.to.include('is as long')
    expect(said).to.not.include('left out')
    expect(said.trimEnd().split('\n').at(-1)).to.equal('5 passed, 0 failed, 2 skipped')
  })
})
