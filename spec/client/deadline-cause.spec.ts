// A call whose time runs out while nobody can be reached says what stood in its way.
import { expect } from 'chai'
import { Client, DeadlineError, LinkError } from '../../lib/index.ts'

describe('A deadline', () => {
  it('that passes while the server cannot be reached names what could not be done', async () => {
    await using client = new Client('tcp://127.0.0.1:1', {
      retry: Number.POSITIVE_INFINITY,
      backoff: { minMs: 5, maxMs: 5 },
    })
    const outcome = await client.runAction('anything', undefined, { timeoutMs: 150 }).outcome()
    const error = outcome.ok ? undefined : (outcome.error as DeadlineError)
    expect(error).to.be.instanceOf(DeadlineError)
    expect(error?.notStarted).to.equal(true)
    expect(error?.cause).to.be.instanceOf(LinkError)
    expect(error?.message).to.contain('ECONNREFUSED')
  })
})
