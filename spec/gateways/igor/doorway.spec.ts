// Connections that wait for a place, in virtual time: who comes in, who is turned away, and that none is kept.
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import type { WebSocket } from 'ws'
import { Doorway } from '../../../lib/gateways/igor/doorway.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

class FakeSocket extends EventEmitter {
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

describe('igor: the doorway', () => {
  const limitMs = 5_000
  let clock: VirtualClock
  let doorway: Doorway
  let entered: { socket: FakeSocket; text: string; isBinary: boolean }[]

  beforeEach(() => {
    clock = new VirtualClock()
    doorway = new Doorway({ clock, limitMs, reason: 'no place is free' })
    entered = []
  })

  const own = (socket: FakeSocket) => socket as unknown as WebSocket
  const arrive = (mayEnter: (kind: string) => boolean = () => true, address = '192.0.2.1'): FakeSocket => {
    const socket = new FakeSocket()
    doorway.receive({
      socket: own(socket),
      address,
      mayEnter: ({ kind }) => mayEnter(kind),
      enter: (first, isBinary) => void entered.push({ socket, text: String(first), isBinary }),
    })
    return socket
  }

  it('lets in whom its first message lets in, which is heard; and keeps it until it is told to let go', async () => {
    const socket = arrive()
    const text = '{"streamId":1,"type":"x","action":"Echo"}'
    socket.say(text)
    expect(entered).to.deep.equal([{ socket, text, isBinary: false }])
    socket.say('more')
    expect(entered, 'the first message is one').to.have.length(1)
    doorway.letGo(own(socket))
    doorway.letGo(own(socket))
    doorway.turnAway(own(socket))
    await clock.advance(2 * limitMs)
    expect([socket.sent, socket.closeCode, clock.pendingCount]).to.deep.equal([[], undefined, 0])
  })

  it('turns away who says nothing in time, and ends one that does not go', async () => {
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

  it('turns away whom its first message does not let in, and ends the stream that it wanted', async () => {
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

  it('has room for 256; of the address with most, whoever waits longest makes room for more', () => {
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
