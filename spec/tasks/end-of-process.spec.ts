// What tasks mean for the process that they run in.
import { expect } from 'chai'
import { startScript } from '../setup/run-script.ts'

describe('A server with tasks', function () {
  this.timeout(120_000)

  it('lets its process end once it was shut down, whatever does not heed its signal', async () => {
    const { code, stdout, stderr } = await startScript('spec/tasks/server-with-tasks.ts').ended
    expect(stderr).to.equal('')
    expect(stdout).to.equal('tidied up\nshut down\n')
    expect(code).to.equal(0)
  })
})
