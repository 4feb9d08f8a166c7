// Connections that wait for a place, in virtual time: which connect, which are rejected, and that none is kept.
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import type { WebSocket } from 'ws'
import { PendingConnections } from '../../../lib/gateways/igor/pending-connections.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

class FakeSocket extends EventEmitter {
  readonly CLOSED = 3
  readyState = 1
  readonly sent: Record<string, unknown>[] = []
  closeCode: number | undefined
  isTerminated = false

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(code: number): void {
    this.closeCode = code
  }

  terminate(): void {
    this.isTerminated = true
    this.emit('close')
  }

  say(text: string, isBinary = false): void {
    this.emit('message', Buffer.from(text), isBinary)
  }
}

describe('igor: pending connections', () => {
  const limitMs = 5_000
  let clock: VirtualClock
  let pending: PendingConnections
  let entered: { socket: FakeSocket; text: string; isBinary: boolean }[]

  beforeEach(() => {
    clock = new VirtualClock()
    pending = new PendingConnections({ clock, limitMs, reason: 'no place is free' })
    entered = []
  })

  const own = (socket: FakeSocket) => socket as unknown as WebSocket
  const arrive = (mayConnect: (kind: string) => boolean = () => true, address = '192.0.2.1'): FakeSocket => {
    const socket = new FakeSocket()
    pending.add({
      socket: own(socket),
      address,
      mayConnect: ({ kind }) => mayConnect(kind),
      connect: ({ bytes, isBinary }) => void entered.push({ socket, text: String(bytes), isBinary }),
    })
    return socket
  }

  it('connects one whose first message admits it, with that message, and keeps it until it is released', async () => {
    const socket = arrive()
    const text = '{"streamId":1,"type":"x","action":"Echo"}'
    socket.say(text)
    expect(entered).to.deep.equal([{ socket, text, isBinary: false }])
    socket.say('more')
    expect(entered, 'the first message is one').to.have.length(1)
    pending.release(own(socket))
    pending.release(own(socket))
    pending.reject(own(socket))
    await clock.advance(2 * limitMs)
    expect([socket.sent, socket.closeCode, clock.pendingCount]).to.deep.equal([[], undefined, 0])
  })

  it('rejects one that sends nothing in time, and ends one that does not close', async () => {
    const [silent, gone] = [arrive(), arrive()]
    await clock.advance(limitMs - 1)
    expect(silent.closeCode).to.equal(undefined)
    gone.emit('close')
    await clock.advance(1)
    expect([silent.closeCode, silent.sent.length, gone.sent.length]).to.deep.equal([1013, 1, 0])
    expect(JSON.stringify(silent.sent)).to.contain('no place is free')
    await clock.advance(999)
    expect(silent.isTerminated).to.equal(false)
    await clock.advance(1)
    expect(silent.isTerminated).to.equal(true)
    silent.say('{}')
    expect(entered).to.deep.equal([])
    expect(clock.pendingCount).to.equal(0)
  })

  it('rejects one whose first message does not admit it, and ends the stream that it asked for', async () => {
    const socket = arrive(() => false)
    socket.say('{"streamId":7,"action":"Echo"}')
    expect(entered).to.deep.equal([])
    expect(socket.closeCode).to.equal(1013)
    expect(socket.sent.map(({ streamId }) => streamId)).to.deep.equal([7, 7])
    socket.emit('close')
    expect(clock.pendingCount).to.equal(0)
  })

  it('hands over a binary message as what it is', () => {
    const kinds: string[] = []
    const socket = arrive((kind) => {
      kinds.push(kind)
      return true
    })
    socket.say('{}', true)
    expect(kinds).to.deep.equal(['wrong'])
    expect(entered.map(({ isBinary }) => isBinary)).to.deep.equal([true])
  })

  it('has room for 256; of the address with most, the one that waits longest makes room for more', () => {
    const first = arrive(undefined, '192.0.2.2')
    const all = Array.from({ length: 255 }, () => arrive())
    expect(all.filter(({ closeCode }) => closeCode !== undefined)).to.deep.equal([])
    all[3]?.emit('close')
    arrive()
    expect(all.filter(({ closeCode }) => closeCode !== undefined)).to.deep.equal([])
    const last = arrive()
    expect(all.map(({ closeCode }, at) => (closeCode === undefined ? -1 : at)).filter((at) => at >= 0)).to.deep.equal([
      0,
    ])
    expect([first.closeCode, last.closeCode]).to.deep.equal([undefined, undefined])
  })
})
