// The messages of one socket by themselves: one after the other, and the socket is read no faster than that.
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import type { WebSocket } from 'ws'
import { Held } from '../../lib/core/accounting/held.ts'
import { type Meter, unaccounted } from '../../lib/core/accounting/meter.ts'
import { MessageQueue, type SocketMessage } from '../../lib/gateways/message-queue.ts'
import { settle } from '../setup/virtual-clock.ts'

class FakeSocket extends EventEmitter {
  isPaused = true

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }
}

describe('a queue of messages from a socket', () => {
  let socket: FakeSocket
  let queue: MessageQueue
  let held: Meter
  let begun: string[]
  let ends: (() => void)[]

  beforeEach(() => {
    socket = new FakeSocket()
    begun = []
    ends = []
    held = unaccounted.meter(Held.Input)
    const handle = ({ bytes }: SocketMessage) => {
      begun.push(String(bytes))
      return new Promise<void>((resolve) => ends.push(resolve))
    }
    queue = new MessageQueue(socket as unknown as WebSocket, handle, held)
  })

  const say = (...texts: string[]) => {
    for (const text of texts) socket.emit('message', Buffer.from(text))
  }
  const endOne = async () => {
    ends.shift()?.()
    await settle()
  }

  it('hears nothing before it begins', async () => {
    say('early')
    await settle()
    expect([begun, socket.isPaused]).to.deep.equal([[], true])
    queue.begin()
    expect(socket.isPaused).to.equal(false)
  })

  it('begins one when the one before is done with, in their order', async () => {
    queue.begin()
    say('a', 'b', 'c')
    await settle()
    expect(begun).to.deep.equal(['a'])
    await endOne()
    expect(begun).to.deep.equal(['a', 'b'])
    await endOne()
    await endOne()
    expect(begun).to.deep.equal(['a', 'b', 'c'])
    say('d')
    await settle()
    expect(begun).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('stops reading where sixteen wait, and reads on where one of them was taken', async () => {
    queue.begin()
    say('first')
    await settle()
    say(...Array.from({ length: 15 }, (_, i) => `${i}`))
    expect(socket.isPaused).to.equal(false)
    say('sixteenth')
    expect(socket.isPaused).to.equal(true)
    await endOne()
    expect(socket.isPaused).to.equal(false)
  })

  it('stops reading where 64 KiB wait, and reads on where it is less', async () => {
    queue.begin()
    say('first')
    await settle()
    say('x'.repeat(65_535))
    expect(socket.isPaused).to.equal(false)
    say('y')
    expect(socket.isPaused).to.equal(true)
    say('z'.repeat(65_535))
    expect(held.bytes, 'what waits counts for the client').to.equal(2 * 65_535 + 1)
    await endOne()
    expect(socket.isPaused, 'as much waits as may').to.equal(true)
    await endOne()
    expect(socket.isPaused).to.equal(false)
  })

  it('takes texts in whatever pieces they come', async () => {
    queue.begin()
    const bytes = Buffer.from('hé')
    for (const data of [[bytes.subarray(0, 2), bytes.subarray(2)], bytes, new Uint8Array(bytes).buffer]) {
      socket.emit('message', data)
      await settle()
      await endOne()
    }
    expect(begun).to.deep.equal(['hé', 'hé', 'hé'])
  })

  it('finishes with the message that is being handled, and drops those behind it', async () => {
    queue.begin()
    say('a', 'b')
    await settle()
    let isDone = false
    const done = queue.finish().then(() => {
      isDone = true
    })
    say('c')
    await settle()
    expect(held.bytes).to.equal(0)
    expect(isDone).to.equal(false)
    await endOne()
    await done
    expect(begun).to.deep.equal(['a'])
    await queue.finish()
  })

  it('does not wait for a message that was handled at once', () => {
    const handled: string[] = []
    const direct = new MessageQueue(
      socket as unknown as WebSocket,
      ({ bytes }) => {
        handled.push(String(bytes))
        return undefined
      },
      held,
    )
    direct.begin()
    say('a', 'x'.repeat(100_000), 'b')
    expect(handled.map(({ length }) => length)).to.deep.equal([1, 100_000, 1])
    expect([socket.isPaused, held.bytes]).to.deep.equal([false, 0])
  })
})
