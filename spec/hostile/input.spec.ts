// Input streams: a caller sends no more than it was granted, in order, and ends where it says.
import { expect } from 'chai'
import { Kind } from '../../lib/wire/frame.ts'
import { Arena, refs } from './arena.ts'
import type { RawPeer } from './raw-peer.ts'

const seq = 1_024
const windowBytes = 8 * 1024

describe('Hostile peers: input', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open({ streamWindowBytes: windowBytes })
    peer = await arena.guest()
    peer.call(seq, { ref: refs.Ignore, hasInput: true })
  })

  afterEach(() => arena.close())

  function send(index: number, value = '1'): void {
    peer.send({ kind: Kind.Input, seq, index, value })
  }

  async function isClosedAfter(act: () => void): Promise<void> {
    await arena.serveOthersDuring(async () => {
      act()
      await peer.closed()
    })
  }

  it('the server says how much it takes', async () => {
    expect((await peer.next(Kind.Welcome)).limits.streamWindowBytes).to.equal(windowBytes)
  })

  it('items within the window are taken, one more closes the link', async () => {
    for (let index = 0; index < 8; index++) send(index)
    await peer.isServed()
    await isClosedAfter(() => send(8))
  })

  it('an item counts for its size where that is above 1 KiB', async () => {
    send(0, 'x'.repeat(windowBytes - 1))
    send(1)
    await peer.isServed()
    await isClosedAfter(() => send(2))
  })

  it('an item that is left out closes the link', () => isClosedAfter(() => send(1)))

  it('items that come twice are dropped', async () => {
    for (let i = 0; i < 1_000; i++) send(0)
    await peer.isServed()
  })

  it('an end after another count closes the link', async () => {
    send(0)
    await isClosedAfter(() => peer.send({ kind: Kind.InputEnd, seq, items: 2 }))
  })

  it('items after the end are dropped', async () => {
    peer.send({ kind: Kind.InputEnd, seq, items: 0 })
    for (let index = 0; index < 1_000; index++) send(index, 'x'.repeat(1_000))
    await peer.isServed()
  })

  it('input for calls without input, over or unknown is dropped', async () => {
    peer.call(seq + 1, { ref: refs.Hold })
    peer.call(seq + 2, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, seq + 2)
    for (const other of [seq + 1, seq + 2, seq + 3, 0, 2 ** 53 - 1]) {
      peer.send({ kind: Kind.Input, seq: other, index: 9, value: '1' })
      peer.send({ kind: Kind.InputEnd, seq: other, items: 7 })
    }
    await peer.isServed()
  })
})
