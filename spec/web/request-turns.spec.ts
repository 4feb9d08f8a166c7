// When requests begin: a few at once, what is more by turns between addresses, and of a connection one after the other.
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { ownAccounting } from '../../lib/core/link/socket-places.ts'
import { RequestTurns } from '../../lib/features/web/request-turns.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

/** Of a connection of Node's what this needs. */
class Connection extends EventEmitter {
  isPaused = false
  destroyed = false
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
    this.emit('resume')
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

describe('RequestTurns', () => {
  const accounting = ownAccounting()
  let clock: VirtualClock
  let turns: RequestTurns
  let begun: string[]

  beforeEach(() => {
    clock = new VirtualClock()
    turns = new RequestTurns(clock)
    begun = []
  })

  afterEach(async () => {
    // What waits belongs to the spec before.
    for (let i = 0; i < 50; i++) await turn()
  })

  const accountOf = (address: string): Account =>
    accounting.open({ owner: { address, identity: undefined }, bytes: 0, shed: () => undefined })
  const turn = (): Promise<void> => new Promise(setImmediate)

  function arrive(account: Account, name: string, connection = new Connection()): void {
    const response = { socket: connection } as unknown as ServerResponse
    turns.arrive({ socket: connection } as unknown as IncomingMessage, response, account, () => begun.push(name))
  }

  /** Behind another in its connection, until it is released. */
  function behind(account: Account, name: string, connection: Connection): () => void {
    const response = Object.assign(new EventEmitter(), { socket: null as unknown })
    const request = { socket: connection } as unknown as IncomingMessage
    turns.arrive(request, response as unknown as ServerResponse, account, () => begun.push(name))
    return () => response.emit('socket', connection as unknown as Socket)
  }

  it('begins a few at once, and as many in each turn', async () => {
    const one = accountOf('10.0.0.1')
    for (let i = 0; i < 20; i++) arrive(one, `${i}`)
    expect(begun).to.have.length(8)
    await turn()
    expect(begun).to.have.length(16)
    await turn()
    expect(begun).to.deep.equal(Array.from({ length: 20 }, (_, i) => `${i}`))
  })

  it('makes nobody wait for what another address has sent', async () => {
    const [many, few] = [accountOf('10.0.0.1'), accountOf('10.0.0.2')]
    for (let i = 0; i < 100; i++) arrive(many, 'many')
    arrive(few, 'few')
    expect(begun.filter((name) => name === 'few')).to.have.length(1)
    await turn()
    arrive(few, 'few')
    expect(begun.slice(-1)).to.deep.equal(['few'])
    expect(begun).to.have.length(18)
  })

  it('begins no more than 64 in a turn, one of each address', async () => {
    const all = Array.from({ length: 100 }, (_, i) => accountOf(`10.0.1.${i}`))
    for (const [i, account] of all.entries()) for (let k = 0; k < 3; k++) arrive(account, `${i}`)
    expect(begun).to.have.length(64)
    const atOnce = new Set(begun)
    begun = []
    await turn()
    expect(begun).to.have.length(64)
    expect(new Set(begun).size).to.be.at.least(64 - 1)
    begun = []
    await turn()
    await turn()
    await turn()
    expect(new Set([...atOnce, ...begun]).size).to.equal(100)
  })

  it('does not begin what waited for a turn when its connection has gone', async () => {
    const one = accountOf('10.0.0.1')
    for (let i = 0; i < 8; i++) arrive(one, 'before')
    const connection = new Connection()
    arrive(one, 'gone', connection)
    arrive(one, 'there')
    connection.destroy()
    await turn()
    expect(begun.slice(8)).to.deep.equal(['there'])
  })

  it('begins the requests of a connection one after the other', () => {
    const connection = new Connection()
    const one = accountOf('10.0.0.1')
    const release = behind(one, 'second', connection)
    expect(begun).to.deep.equal([])
    release()
    expect(begun).to.deep.equal(['second'])
  })

  it('reads no further behind more than 16, whatever Node does when a request is complete', () => {
    const one = accountOf('10.0.0.1')
    const connection = new Connection()
    for (let i = 0; i < 16; i++) behind(one, 'x', connection)
    expect(connection.isPaused).to.equal(false)
    behind(one, 'x', connection)
    expect(connection.isPaused).to.equal(true)
    connection.resume()
    expect(connection.isPaused).to.equal(true)
  })

  it('reads on when few are left, two connections in a turn', async () => {
    const one = accountOf('10.0.0.1')
    const connections = Array.from({ length: 6 }, () => new Connection())
    const releases = connections.map((connection) => {
      for (let i = 0; i < 16; i++) behind(one, 'x', connection)
      return behind(one, 'x', connection)
    })
    const paused = (): number => connections.filter(({ isPaused }) => isPaused).length
    await turn()
    expect(paused()).to.equal(6)
    for (const release of releases) release()
    expect(paused()).to.equal(6)
    await turn()
    expect(paused()).to.equal(4)
    await turn()
    await turn()
    expect(paused()).to.equal(0)
  })

  it('reads on after a second, to notice the end of a connection, and then more rarely', async () => {
    const one = accountOf('10.0.0.1')
    const connection = new Connection()
    for (let i = 0; i < 17; i++) behind(one, 'x', connection)
    for (const seconds of [1, 2, 4]) {
      await clock.advance(seconds * 1_000 - 1)
      await turn()
      expect(connection.isPaused).to.equal(true)
      await clock.advance(1)
      await turn()
      expect(connection.isPaused).to.equal(false)
      behind(one, 'x', connection)
      expect(connection.isPaused).to.equal(true)
    }
    connection.destroy()
    expect(clock.pendingCount).to.equal(0)
  })

  it('counts those that wait for their connection, and closes it when they are too many', () => {
    const one = accountOf('10.0.0.1')
    const connection = new Connection()
    const release = behind(one, 'x', connection)
    expect(one.bytes).to.equal(4_096)
    release()
    expect(one.bytes).to.equal(0)
    for (let i = 0; i < 4_096; i++) behind(one, 'x', connection)
    expect(connection.destroyed).to.equal(false)
    behind(one, 'x', connection)
    expect(connection.destroyed).to.equal(true)
  })
})
