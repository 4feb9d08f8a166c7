// Credit says how much of a stream its reader takes. A reader may lie about it: it must not make the writer keep or
// send more than the writer allows itself.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena, Flood, refs } from './arena.ts'
import { plainHello, type RawPeer } from './raw-peer.ts'

const seq = 1_024
const windowBytes = 16 * 1024
/** Items of less than a KiB count for one. */
const itemsInWindow = 16

describe('Hostile peers: credit', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open()
    peer = await arena.guest({ limits: { ...plainHello.limits, streamWindowBytes: windowBytes } })
    peer.call(seq, { ref: refs.Flood, data: '10' })
    await waitFor(() => items() === itemsInWindow)
  })

  afterEach(() => arena.close())

  function items(): number {
    return peer.all(Kind.Item, seq).length
  }

  function credit(received: number, granted: number): void {
    peer.send({ kind: Kind.Credit, seq, received, granted })
  }

  it('without it, the writer stops at the window and waits', async () => {
    await arena.serveOthersDuring(() => peer.isServed())
    expect(items()).to.equal(itemsInWindow)
    expect(Flood.yielded).to.be.at.most(itemsInWindow + 1)
  })

  it('with it, the writer goes on exactly that far', async () => {
    credit(itemsInWindow, windowBytes + 5 * 1024)
    await waitFor(() => items() === itemsInWindow + 5)
    await peer.isServed()
    expect(peer.all(Kind.Item, seq).map((item) => item.index)).to.deep.equal(Array.from({ length: 21 }, (_, i) => i))
  })

  it('a confirmation of more than was sent closes the link', async () => {
    await arena.serveOthersDuring(async () => {
      credit(itemsInWindow + 2, windowBytes)
      await peer.closed()
    })
  })

  it('a grant that goes down, or was said before, changes nothing', async () => {
    credit(itemsInWindow, windowBytes + 2 * 1024)
    for (let i = 0; i < 1_000; i++) credit(itemsInWindow, 0)
    credit(0, windowBytes + 1024)
    await waitFor(() => items() === itemsInWindow + 2)
    await peer.isServed()
    expect(items()).to.equal(itemsInWindow + 2)
  })

  it('credit for calls that do not stream, are over, or never were is ignored', async () => {
    peer.call(seq + 1, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, seq + 1)
    for (const other of [seq + 1, seq + 2, 0, 2 ** 53 - 1]) {
      peer.send({ kind: Kind.Credit, seq: other, received: 1_000_000, granted: 1_000_000 })
    }
    await peer.isServed()
  })

  it('items that were confirmed are not kept: the stream goes on for megabytes', async () => {
    const small = itemsInWindow
    for (let received = small; received < 4_000; received += small) {
      credit(received, windowBytes + received * 1024)
      await waitFor(() => items() >= received + small)
    }
    peer.send({ kind: Kind.Cancel, seq, reason: 0 })
    await peer.failure(seq)
  })

  it('a cancelled stream ends, and takes credit that comes late', async () => {
    peer.send({ kind: Kind.Cancel, seq, reason: 0 })
    expect((await peer.failure(seq)).error.code).to.equal('CANCELLED')
    credit(itemsInWindow, 10 * windowBytes)
    await peer.isServed()
    expect(items()).to.equal(itemsInWindow)
  })
})
