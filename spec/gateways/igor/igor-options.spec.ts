// What the Igor gateway can be told, and what it refuses, by name.
import { expect } from 'chai'
import { ClientError } from 'isock'
import { resolveIgorOptions } from '../../../lib/gateways/igor/igor-options.ts'

describe('The options of the Igor gateway', () => {
  it('have defaults', () => {
    const { isServed, ...options } = resolveIgorOptions({})
    expect(['127.0.0.1', '10.0.0.1'].map(isServed)).to.deep.equal([true, true])
    expect(options).to.deep.equal({
      path: '/igor',
      processes: 'all',
      sessionMs: 10_000,
      uuidsProve: true,
      compatible: false,
      maxClients: 1_000,
      maxAwayClients: 1_000,
      maxStreams: 10_000,
      maxMessageBytes: 1024 * 1024,
      maxQueuedBytes: 16 * 1024 * 1024,
      files: undefined,
    })
  })

  const right: readonly object[] = [
    { path: '/' },
    { processes: [] },
    { processes: ['Clock', 'Counter'] },
    { sessionMs: 0 },
    { uuidsProve: false },
    { maxClients: 0 },
    { maxAwayClients: 0 },
    { maxStreams: 0 },
    { maxMessageBytes: 1 },
    { maxQueuedBytes: 1 },
    { credentials: () => [] },
    { onLastClientGone: () => undefined },
  ]
  for (const given of right)
    it(`take ${Object.entries(given).join()}`, () => {
      expect(resolveIgorOptions(given)).to.deep.include(given)
    })

  const wrong: readonly [name: string, ...values: unknown[]][] = [
    ['path', 'igor', 1],
    ['processes', 'some', undefined, 1, [1], ['Clock', 1], { length: 0 }],
    ['uuidsProve', 'yes', 1, undefined],
    ['credentials', {}, 'token', undefined],
    ['onLastClientGone', {}, 1],
    ...['sessionMs', 'maxClients', 'maxAwayClients', 'maxStreams'].map(
      (name) => [name, -1, Number.NaN, '1'] as [string, ...unknown[]],
    ),
    ...['maxMessageBytes', 'maxQueuedBytes'].map((name) => [name, 0, -1, '1'] as [string, ...unknown[]]),
  ]
  for (const [name, ...values] of wrong)
    for (const value of values)
      it(`refuse ${name}: ${JSON.stringify(value) ?? String(value)}`, () => {
        expect(() => resolveIgorOptions({ [name]: value } as never)).to.throw(ClientError, name)
      })
})
