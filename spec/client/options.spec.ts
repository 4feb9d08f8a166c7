// What a client makes of its options.
import { expect } from 'chai'
import { argumentsWith, resolveClientOptions } from '../../lib/core/client/client-options.ts'
import type { ClientPlatform } from '../../lib/core/client/client-platform.ts'
import { readAddress } from '../../lib/core/link/address.ts'
import type { Logger } from '../../lib/index.ts'

describe('The options of a client', () => {
  const platform: ClientPlatform = {
    environment: {},
    readSecret: () => 'none',
    readAddress,
    dialer: () => () => Promise.reject(new Error('it is not dialled')),
  }

  it('keep the log that was given', () => {
    const log: Logger = { debug() {}, info() {}, warn() {}, error() {} }
    expect(resolveClientOptions(platform, ['127.0.0.1:4440', { log }]).log).to.equal(log)
  })

  it('have a log where none was given', () => {
    const { log } = resolveClientOptions(platform, ['127.0.0.1:4440'])
    expect(log).to.have.property('error').that.is.a('function')
  })

  it('stay for calls with other credentials, however the address was given', () => {
    for (const address of ['ws://h', new URL('ws://h'), ['ws://h', new URL('ws://i')]])
      expect(argumentsWith([], [address, { retry: 7, name: 'ada' }])).to.deep.equal([
        address,
        { retry: 7, credentials: [], keepConnected: false },
      ])
  })
})
