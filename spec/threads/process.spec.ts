// Threads and the process that they belong to: a server that was shut down leaves none.
import { expect } from 'chai'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'

describe('A process that used threads', function () {
  this.timeout(120_000)

  longIt('ends by itself when its server is shut down', async () => {
    const { code, stdout, stderr } = await startScript('spec/threads/thread-script.ts').ended
    expect(stderr).to.equal('')
    expect(stdout).to.equal('thread true\nown class true\nhas threads true\nhas threads false\n')
    expect(code).to.equal(0)
  })
})
