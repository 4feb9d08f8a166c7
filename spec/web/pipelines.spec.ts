// Connections whose clients send requests before they have had their answers: when they are not read, and when they are again.
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { ownAccounting } from '../../lib/core/link/socket-places.ts'
import { Pipelines } from '../../lib/features/web/pipelines.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

/** Of a connection of Node's what this needs. */
class Connection extends EventEmitter {
  pauses = 0
  isPaused = false
  destroyed = false
  pause(): void {
    this.pauses++
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
    this.emit('resume')
  }
  destroy(): void {
    this.destroyed = true
  }
}

describe('Pipelines', () => {
  const unpaced = 16
  const placeOfRequest = 4 * 1024
  let clock: VirtualClock
  let account: Account
  let pipelines: Pipelines
  let connection: Connection
  let waiting: (() => void)[]
  let begun: number[]
  let readyCount: number

  beforeEach(() => {
    clock = new VirtualClock()
    const owner = { address: '10.0.0.1', identity: undefined }
    account = ownAccounting().open({ owner, bytes: 0, shed: () => undefined })
    readyCount = 0
    pipelines = new Pipelines(clock, () => readyCount++)
    connection = new Connection()
    waiting = []
    begun = []
  })

  /** So many more requests come in behind those that wait. */
  function send(count: number, to = connection): void {
    for (let i = 0; i < count; i++) {
      const response = new EventEmitter()
      const number = waiting.length
      waiting.push(() => response.emit('socket'))
      pipelines.wait(to as unknown as Socket, response as unknown as ServerResponse, account, () => begun.push(number))
    }
  }

  function answer(count: number): void {
    for (const first of waiting.splice(0, count)) first()
  }

  const heldBytes = (): number => {
    account.settle()
    return account.bytes
  }

  it('begins a request when it is the first one of its connection', () => {
    send(3)
    expect(begun).to.deep.equal([])
    answer(2)
    expect(begun).to.deep.equal([0, 1])
    answer(1)
    expect(begun).to.deep.equal([0, 1, 2])
  })

  it('counts what waits for the client of the connection, until it begins', () => {
    send(3)
    expect(heldBytes()).to.equal(3 * placeOfRequest)
    answer(1)
    expect(heldBytes()).to.equal(2 * placeOfRequest)
    answer(2)
    expect(heldBytes()).to.equal(0)
  })

  it('stops reading a connection behind which more than 16 requests wait, once', () => {
    send(unpaced)
    expect(connection.isPaused).to.equal(false)
    send(1)
    expect(connection.isPaused).to.equal(true)
    send(5)
    expect(connection.pauses).to.equal(1)
    expect(clock.pendingCount).to.equal(1)
    expect(connection.destroyed).to.equal(false)
  })

  it('counts each connection by itself', () => {
    const other = new Connection()
    send(unpaced)
    send(unpaced, other)
    expect(connection.isPaused).to.equal(false)
    expect(other.isPaused).to.equal(false)
  })

  it('keeps a connection paused that Node would read on', () => {
    send(unpaced)
    connection.resume()
    expect(connection.isPaused).to.equal(false)
    send(1)
    connection.resume()
    expect(connection.isPaused).to.equal(true)
  })

  it('has a connection ready to be read when 16 are left, and then needs no timer', () => {
    send(unpaced + 2)
    answer(1)
    expect(pipelines.hasReady).to.equal(false)
    expect(readyCount).to.equal(0)
    answer(1)
    expect(pipelines.hasReady).to.equal(true)
    expect(readyCount).to.equal(1)
    expect(clock.pendingCount, 'timers').to.equal(0)
    expect(connection.isPaused, 'before its turn').to.equal(true)
    pipelines.readSome()
    expect(connection.isPaused).to.equal(false)
    expect(pipelines.hasReady).to.equal(false)
    answer(unpaced)
    expect(readyCount, 'with fewer left').to.equal(1)
  })

  it('is not ready with 16 left where it was read all the time', () => {
    send(unpaced)
    answer(1)
    send(1)
    expect(readyCount).to.equal(0)
    expect(pipelines.hasReady).to.equal(false)
  })

  it('looks after a second whether the connection has ended, and after twice as long each time', async () => {
    for (const waitMs of [1_000, 2_000, 4_000]) {
      send(waiting.length === 0 ? unpaced + 1 : 1)
      await clock.advance(waitMs - 1)
      expect(pipelines.hasReady, `before ${waitMs} ms`).to.equal(false)
      await clock.advance(1)
      expect(pipelines.hasReady, `after ${waitMs} ms`).to.equal(true)
      pipelines.readSome()
      expect(connection.isPaused).to.equal(false)
    }
    expect(readyCount).to.equal(3)
  })

  it('looks after a second again once few were left', async () => {
    send(unpaced + 1)
    await clock.advance(1_000)
    pipelines.readSome()
    answer(1)
    expect(readyCount, 'it was read already').to.equal(1)
    send(1)
    await clock.advance(999)
    expect(pipelines.hasReady).to.equal(false)
    await clock.advance(1)
    expect(pipelines.hasReady).to.equal(true)
  })

  it('reads two connections in a turn, the first that were ready', () => {
    const three = [new Connection(), new Connection(), new Connection()]
    for (const each of three) {
      send(unpaced + 1, each)
      answer(1)
      waiting = []
    }
    pipelines.readSome()
    expect(three.map(({ isPaused }) => isPaused)).to.deep.equal([false, false, true])
    expect(pipelines.hasReady).to.equal(true)
    pipelines.readSome()
    expect(three.map(({ isPaused }) => isPaused)).to.deep.equal([false, false, false])
    expect(pipelines.hasReady).to.equal(false)
  })

  it('reads on a paused connection that ended, so that its end is seen', () => {
    send(unpaced + 1)
    connection.emit('close')
    expect(pipelines.hasReady).to.equal(true)
    expect(clock.pendingCount).to.equal(0)
  })

  it('leaves a connection alone that ended while it was read', () => {
    send(1)
    connection.emit('close')
    expect(readyCount).to.equal(0)
  })

  it('closes a connection behind which more than 4 096 requests wait', () => {
    send(4_096)
    expect(connection.destroyed).to.equal(false)
    send(1)
    expect(connection.destroyed).to.equal(true)
  })
})
