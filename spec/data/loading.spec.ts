// What is loaded when: a server without data must not pay for an engine that it does not use.
import { expect } from 'chai'
import { startScript } from '../setup/run-script.ts'

describe('The engine of data', function () {
  this.timeout(120_000)

  it('is loaded when a store is opened, and not before', async () => {
    const { stdout, stderr, code } = await startScript('spec/data/child/what-is-loaded.ts').ended
    expect(stderr).to.equal('')
    expect(code).to.equal(0)
    expect(JSON.parse(stdout)).to.deep.equal({
      imported: [],
      served: [],
      opened: ['@mikro-orm/core', '@mikro-orm/libsql'],
    })
  })
})
