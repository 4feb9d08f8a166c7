// The command as its users get it: compiled, under a Node that knows nothing of TypeScript but what it strips itself.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Client } from 'isock'
import { compiled } from '../setup/compiled.ts'
import { longIt } from '../setup/long.ts'
import { packageVersion } from '../setup/package-file.ts'
import { RunningScript } from '../setup/run-script.ts'
import { skip } from '../setup/skip.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the compiled command', function () {
  this.timeout(120_000)
  const main = compiled('lib/cli/main.ts')

  longIt('serves TypeScript through the tsx of the project, actions of another copy of isock included', async () => {
    const modules = ['shared-actions/echo.ts', 'shared-actions/count.ts', 'shared-actions/exec.ts']
    const script = new RunningScript([main, 'serve', '--port', '0', ...modules], { cwd: root })
    const [, address = ''] = await script.printed(/^listening at (.*)$/m)
    expect(script.stdout).to.match(/^serving Echo, Count$/m)
    const client = new Client(address)
    expect(await client.runAction('Echo', 'hi')).to.equal('hi')
    const [listing] = await client.runAction<[{ description: string }]>('isock.actions')
    expect(listing.description).to.equal('Returns what it is given.')
    await client.close()
    script.kill('SIGTERM')
    expect((await script.ended).code).to.equal(0)
  })

  longIt('says what to do about TypeScript where there is no tsx', async function () {
    if ((process.features as { typescript?: unknown }).typescript) skip(this, 'this Node runs TypeScript itself')
    const elsewhere = mkdtempSync(join(tmpdir(), 'isock-elsewhere-'))
    writeFileSync(join(elsewhere, 'typed.ts'), 'export const answer: number = 42')
    const { code, stderr } = await new RunningScript([main, 'serve', 'typed.ts'], { cwd: elsewhere }).ended
    rmSync(elsewhere, { recursive: true, maxRetries: 20 })
    expect(stderr).to.match(/^isock: cannot load typed\.ts: this Node \(v.*\) does not run TypeScript; install tsx/)
    expect(code).to.equal(1)
  })

  longIt('tells the version of its package', async () => {
    expect(await new RunningScript([main, '--version'], {}).ended).to.include({
      code: 0,
      stdout: `${packageVersion}\n`,
    })
  })
})
