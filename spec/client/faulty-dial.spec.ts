// A dial that is broken: whoever waits is told, after as many attempts as for every other fault.
import { expect } from 'chai'
import { Client } from '../../lib/index.ts'

describe('A client whose dial throws a TypeError', () => {
  it('says so to all that wait, and tries no more often than it was told to', async () => {
    let dials = 0
    const client = new Client('ws://localhost:1', {
      retry: 2,
      backoff: { minMs: 1, maxMs: 1 },
      dial: () => {
        dials++
        return Promise.reject(new TypeError('the certificate is no text'))
      },
    })
    const connecting = client.connect().catch((error: Error) => error)
    const { ok, error } = (await client.runAction('Echo').outcome()) as { ok: boolean; error?: Error }
    expect(ok).to.equal(false)
    expect(`${error?.message} ${(error?.cause as Error | undefined)?.message}`).to.contain('the certificate is no text')
    expect(String(await connecting)).to.contain('the certificate is no text')
    expect(dials).to.equal(3)
    await client.close()
  })

  it('says what is wrong with the options of TLS', async () => {
    const client = new Client('wss://localhost:1', { retry: 1, tls: { ca: 5 as never }, backoff: { maxMs: 1 } })
    const { error } = (await client.runAction('Echo').outcome()) as { error?: Error }
    expect(`${error?.message} ${(error?.cause as Error | undefined)?.message}`).to.match(/must be of type string/)
    await client.close()
  })
})
