// What `isock bench` shows meanwhile: in a terminal a line that is written over and wiped at the end.
import { expect } from 'chai'
import { Server } from 'isock'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'

/** Standard error of the process is taken for a terminal. */
const terminal = { NODE_OPTIONS: '--import=data:text/javascript,process.stderr.isTTY=true' }

describe('The progress of isock bench', function () {
  this.timeout(60_000)

  longIt('is one line in a terminal, of which nothing is left', async () => {
    const server = new Server('localhost', 0)
    server.addActions({ wait: () => new Promise<void>((resolve) => setTimeout(resolve, 400)) })
    await server.listen()
    try {
      const args = ['bench', server.addresses[0] as string, 'wait', '--calls', '2']
      const { code, stderr, stdout } = await startScript('lib/cli/main.ts', { args, env: terminal }).ended
      expect({ code, stderr }).to.include({ code: 0 })
      const lines = stderr.split('\r')
      expect(lines.length, stderr).to.be.above(2)
      // Each goes over the one before, and the last is empty.
      expect(lines[0]).to.equal('')
      for (const line of lines.slice(1)) expect(line.endsWith('\u001b[K'), stderr).to.equal(true)
      expect(lines.at(-1)).to.equal('\u001b[K')
      expect(stderr).to.not.contain('\n')
      expect(stdout).to.not.contain('\r')
    } finally {
      await server.shutdown({ graceMs: 0 })
    }
  })
})
