// A client whose place tells when there is a network again.
import { expect } from 'chai'
import { ActionClient } from '../../lib/core/client/action-client.ts'
import type { ClientPlatform } from '../../lib/core/client/client-platform.ts'
import { readAddress } from '../../lib/core/link/address.ts'
import { LinkError } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

describe('A client that waits for its next attempt', () => {
  let clock: VirtualClock
  let dials: number
  let client: ActionClient
  const listeners = new Set<() => void>()

  beforeEach(() => {
    clock = new VirtualClock()
    dials = 0
    const platform: ClientPlatform = {
      environment: {},
      readSecret: () => '',
      readAddress,
      dialer: () => () => {
        dials++
        return Promise.reject(new LinkError('there is no network'))
      },
      onWakeUp: (tell) => {
        listeners.add(tell)
        return () => listeners.delete(tell)
      },
    }
    const backoff = { minMs: 60_000, maxMs: 60_000 }
    client = new ActionClient(platform, ['ws://localhost:1', { clock, backoff, retry: 5, random: () => 0.9 }])
  })

  afterEach(() => client.close())

  it('tries at once when there is a network again', async () => {
    const connecting = client.connect().catch((error: { code: string }) => error.code)
    await settle()
    expect(dials).to.equal(1)
    for (const tell of listeners) tell()
    await settle()
    expect(dials).to.equal(2)
    expect(listeners.size).to.equal(1)
    await clock.advance(60_000)
    expect(dials).to.equal(3)
    await client.close()
    expect(await connecting).to.equal('CLOSED')
    await settle()
    expect(listeners.size).to.equal(0)
  })
})
