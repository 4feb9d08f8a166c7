// The example tests, under the runners that they are for.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { compiled } from '../setup/compiled.ts'
import { longIt } from '../setup/long.ts'

const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))

describe('the example tests', function () {
  this.timeout(120_000)
  this.slow(10_000)

  // A runner that runs another one tells it so by the environment.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env

  const outputOf = async (args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env }).catch(
      (error: { stdout?: string; message: string }) => {
        throw new Error(error.stdout || error.message)
      },
    )
    return stdout
  }

  it('pass under node:test', async () => {
    const args = ['--test', '--test-reporter=tap', compiled('examples/testing/node-test.ts')]
    expect(await outputOf(args)).to.match(/^# pass 3$/m)
  })

  longIt('find the planted bug of a simulation', async () => {
    const args = ['--test', '--test-reporter=tap', compiled('examples/testing/simulation-test.ts')]
    expect(await outputOf(args)).to.match(/^# pass 2$/m)
  })

  longIt('pass under mocha', async () => {
    expect(await outputOf([mocha, '--no-config', compiled('examples/testing/mocha-test.ts')])).to.match(/3 passing/)
  })
})
