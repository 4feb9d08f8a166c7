// What clients and servers tell of their connections, in order, and that listeners disturb nobody.
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { Listeners } from '../../lib/core/base/listeners.ts'
import { type Client, ClientError, type ClientEvents, type ServerEvents } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { Work, World } from '../setup/world.ts'

describe('The events', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  const told = (client: Client): string[] => {
    const lines: string[] = []
    client.on('connect', ({ address, isResumed }) => lines.push(`connect ${address} ${isResumed ? 'again' : 'anew'}`))
    client.on('disconnect', ({ reason }) => lines.push(`disconnect ${reason.code}`))
    client.on('reconnecting', ({ attempt }) => lines.push(`reconnecting ${attempt}`))
    client.on('close', () => lines.push('close'))
    return lines
  }

  it('of a client tell how it is connected, and the server of its session', async () => {
    const work = new Work()
    const server = await world.serve([work])
    const changes: string[] = []
    server.on('session', ({ session, change }) => changes.push(`${change} ${session.id === client.sessionId}`))
    const client = world.client({ keepConnected: true })
    const lines = told(client)
    await world.clock.until(client.connect())
    for (const wire of world.network.wires) wire.cut()
    await world.clock.advance(10_000)
    expect(client.isConnected).to.equal(true)
    await client.close()
    await world.clock.advance(60_000)
    expect(lines).to.deep.equal([
      'connect memory:server anew',
      'disconnect LINK_LOST',
      'reconnecting 1',
      'connect memory:server again',
      'close',
    ])
    expect(changes.map((line) => line.split(' ')[0])).to.deep.equal(['opened', 'cut', 'resumed', 'ended'])
  })

  it('of a client tell of each attempt, and of a session that the server ended', async () => {
    const nowhere = world.client({ retry: 2 }, 'nowhere')
    const lines = told(nowhere)
    await world.clock.until(nowhere.connect().catch(() => undefined))
    expect(lines).to.deep.equal(['reconnecting 1', 'reconnecting 2'])
    const server = await world.serve([new Work()])
    const client = world.client({ keepConnected: true })
    const ended = told(client)
    await world.clock.until(client.connect())
    server.sessions[0]?.end('banned')
    await world.clock.advance(60_000)
    expect(ended).to.deep.equal(['connect memory:server anew', 'disconnect SESSION_ENDED'])
  })

  it('are not told to who has removed its listener, and are those that there are', async () => {
    await world.serve([new Work()])
    const client = world.client()
    const seen: ClientEvents['connect'][] = []
    const remove = client.on('connect', (detail) => seen.push(detail))
    remove()
    remove()
    await world.clock.until(client.connect())
    expect(seen).to.deep.equal([])
    for (const add of [
      () => client.on('connected' as never, () => undefined),
      () => client.on('connect', 'listener' as never),
    ])
      expect(add).to.throw(ClientError).with.property('code', 'INVALID_OPTION')
    expect(() => client.on('connected' as never, () => undefined)).to.throw(
      'one of connect, disconnect, reconnecting, close',
    )
  })

  describe('reach their listeners', () => {
    let failures: string[]
    let listeners: Listeners<ServerEvents>
    const detail = { session: {}, change: 'opened' } as unknown as ServerEvents['session']

    beforeEach(() => {
      failures = []
      listeners = new Listeners<ServerEvents>(['session'], (error, event) =>
        failures.push(`${event}: ${String(error)}`),
      )
    })

    it('one after the other, whatever one of them throws, now or later', async () => {
      const seen: number[] = []
      listeners.add('session', () => {
        seen.push(1)
        throw new Error('now')
      })
      listeners.add('session', async () => {
        seen.push(2)
        throw new Error('later')
      })
      const remove = listeners.add('session', () => {
        seen.push(3)
        remove()
        listeners.add('session', () => seen.push(4))
      })
      listeners.emit('session', detail)
      await settle()
      expect(seen).to.deep.equal([1, 2, 3])
      expect(failures).to.deep.equal(['session: Error: now', 'session: Error: later'])
      listeners.emit('session', detail)
      await settle()
      expect(seen).to.deep.equal([1, 2, 3, 1, 2, 4])
    })

    it('in the context in which these were added', () => {
      const storage = new AsyncLocalStorage<string>()
      const seen: (string | undefined)[] = []
      storage.run('mine', () => listeners.add('session', () => seen.push(storage.getStore())))
      storage.run('of who tells', () => listeners.emit('session', detail))
      expect(seen).to.deep.equal(['mine'])
    })
  })
})
