// Input streams: a caller sends no more than it was granted, in order, and ends where it says.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
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
    peer.call(seq, { ref: refs.Ignore, inputs: 1 })
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

  it('items, an end and credit of a stream that the call does not have close the link', async () => {
    await isClosedAfter(() => peer.send({ kind: Kind.Input, seq, stream: 1, index: 0, value: '1' }))
    peer = await arena.guest()
    peer.call(seq, { ref: refs.Ignore, inputs: 2 })
    peer.send({ kind: Kind.Input, seq, stream: 1, index: 0, value: '1' })
    await peer.isServed()
    await isClosedAfter(() => peer.send({ kind: Kind.InputEnd, seq, stream: 2, items: 0 }))
  })

  it('each stream of a call has a window, and no more', async () => {
    peer.call(seq + 1, { ref: refs.Ignore, inputs: 2 })
    for (const stream of [1, undefined])
      for (let index = 0; index < 8; index++)
        peer.send({ kind: Kind.Input, seq: seq + 1, index, value: '1', ...(stream === undefined ? {} : { stream }) })
    await peer.isServed()
    await isClosedAfter(() => peer.send({ kind: Kind.Input, seq: seq + 1, stream: 1, index: 8, value: '1' }))
  })

  const named = (...numbers: unknown[]) => {
    const values = Object.fromEntries(numbers.map((_, i) => [i, [['custom', 'stream']]]))
    return { json: JSON.stringify(numbers), meta: JSON.stringify({ values, v: 1 }), bytes: [] }
  }
  for (const [what, inputs, data] of [
    ['one that the call does not have', 1, named([1])],
    ['one of a call without streams', 0, named([0])],
    ['one twice', 2, named([1], [1])],
    ['one by no number', 2, named(['0'])],
    ['none', 2, named([])],
    ['one by several numbers', 2, named([0, 1])],
    ['one by a negative number', 2, named([-1])],
  ] as const)
    it(`data that names ${what} is refused`, async () => {
      peer.call(seq + 1, { ref: refs.Echo, inputs, data })
      expect((await peer.failure(seq + 1)).error).to.have.property('code', 'BAD_REQUEST')
      await peer.isServed()
    })
})
