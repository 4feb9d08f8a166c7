// A client that closes with some grace: what is open may finish, nothing begins.
import { expect } from 'chai'
import {
  Channel,
  Client,
  ClientError,
  type Context,
  MemoryNetwork,
  OutcomeUnknownError,
  Server,
} from '../../lib/index.ts'

import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

class News extends Channel<string> {}

describe('A client that closes', () => {
  let clock: VirtualClock
  let network: MemoryNetwork
  let server: Server
  let client: Client
  let finish: (value: string) => void

  beforeEach(async () => {
    clock = new VirtualClock()
    network = new MemoryNetwork()
    server = new Server({ address: 'memory:town', clock, network, limits: { maxRunningCalls: 100 } })
    const slow = (_: unknown, { signal }: Context): Promise<string> =>
      new Promise((resolve, reject) => {
        finish = resolve
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    server.addActions({ slow, quick: () => 'quick' }).addChannel(new News())
    await server.listen()
    client = new Client('memory:town', { clock, network, random: () => 0 })
  })

  afterEach(async () => {
    await client.close()
    const ended = server.shutdown({ graceMs: 0 })
    await clock.advance(10_000)
    await ended
    expect(clock.pendingCount).to.equal(0)
  })

  it('lets those that run finish, and begins none', async () => {
    const running = client.runAction('slow')
    const subscription = client.subscribe(News)
    await clock.until(subscription.ready)
    let isClosed = false
    const closed = client.close({ graceMs: 5_000 }).then(() => {
      isClosed = true
    })
    const late = await failureOf(client.runAction('quick'))
    expect(late).to.be.instanceOf(ClientError).with.property('code', 'CLOSED')
    await failureOf(subscription.done)
    await clock.advance(4_000)
    expect(isClosed).to.equal(false)
    finish('in time')
    await closed
    expect(await running).to.equal('in time')
  })

  it('ends them when the grace is over, and what waits for a link too', async () => {
    const running = client.runAction('slow', undefined, { timeoutMs: 60_000 })
    await settle()
    await settle()
    const closed = client.close({ graceMs: 5_000 })
    const failure = failureOf(running)
    await clock.advance(5_000)
    await closed
    expect(await failure).to.be.instanceOf(OutcomeUnknownError)
    const nowhere = new Client('memory:nowhere', { clock, network, random: () => 0.5, retry: 1_000 })
    const waiting = failureOf(nowhere.runAction('quick'))
    const ended = nowhere.close({ graceMs: 1_000 })
    await clock.advance(1_000)
    await ended
    expect(await waiting).to.have.property('notStarted', true)
  })

  it('ends them sooner where it is closed once more, and at once where nothing is open', async () => {
    const running = client.runAction('slow')
    await settle()
    await settle()
    const failure = failureOf(running)
    const graceful = client.close({ graceMs: 60_000 })
    await client.close()
    await graceful
    expect(await failure).to.be.instanceOf(OutcomeUnknownError)
    await new Client('memory:town', { clock, network }).close({ graceMs: 60_000 })
  })

  it('refuses a grace that is none', async () => {
    for (const graceMs of [-1, Number.NaN, '5' as unknown as number])
      expect(await failureOf(client.close({ graceMs }))).to.have.property('code', 'INVALID_OPTION')
    const failure = await failureOf(client.close({ grace: 5 } as object))
    expect(failure.message).to.contain('graceMs')
    expect(await clock.until(client.runAction('quick'))).to.equal('quick')
  })
})
