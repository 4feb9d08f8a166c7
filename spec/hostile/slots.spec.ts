// A call takes a slot that both sides can name: no more calls than slots, no number twice, none that is too large.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../setup/wait-for.ts'
import { fromHex } from '../wire/frame-bytes.ts'
import { Arena, Hold, refs } from './arena.ts'
import type { RawPeer } from './raw-peer.ts'

const slots = 8

describe('Hostile peers: slots', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open({ maxCallsInFlight: slots })
    peer = await arena.guest()
  })

  afterEach(() => arena.close())

  async function isClosedAfter(act: () => void): Promise<void> {
    await arena.serveOthersDuring(async () => {
      act()
      await peer.closed()
    })
  }

  it('the server says how many there are', async () => {
    expect((await peer.next(Kind.Welcome)).limits.maxCallsInFlight).to.equal(slots)
  })

  it('seq 0, and any other below the first generation, closes the link', async () => {
    await isClosedAfter(() => peer.call(0, { ref: refs.Echo }))
    peer = await arena.guest()
    await isClosedAfter(() => peer.call(slots - 1, { ref: refs.Echo }))
  })

  it('a seq of 2^53 and beyond closes the link', async () => {
    for (const seq of ['cf 0020000000000000', 'cf ffffffffffffffff']) {
      peer = await arena.guest()
      await isClosedAfter(() => peer.sendBody(...fromHex(`97 11 ${seq} 00 01 c0 00 c0`)))
    }
  })

  it('the largest seq works, and uses its slot up', async () => {
    const largest = Number.MAX_SAFE_INTEGER
    peer.call(largest, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, largest)
    peer.call(slots + (largest % slots), { ref: refs.Echo, data: '1' })
    await peer.isServed()
    expect(peer.all(Kind.Result)).to.have.length(1)
  })

  it('a seq in the slot of a call that runs closes the link', async () => {
    peer.call(slots, { ref: refs.Hold })
    await waitFor(() => Hold.runs === 1)
    await isClosedAfter(() => peer.call(2 * slots, { ref: refs.Hold }))
    expect(Hold.runs).to.equal(1)
  })

  it('more calls at once than slots close the link', async () => {
    for (let i = 0; i < slots; i++) peer.call(slots + i, { ref: refs.Hold })
    await waitFor(() => Hold.runs === slots)
    await peer.isServed()
    await isClosedAfter(() => peer.call(2 * slots, { ref: refs.Hold }))
    expect(Hold.runs).to.equal(slots)
  })

  it('a call that is sent again while it runs does not run again', async () => {
    peer.call(slots, { ref: refs.Hold })
    for (let attempt = 2; attempt < 1_000; attempt++) peer.call(slots, { ref: refs.Hold, attempt })
    await peer.isServed()
    await waitFor(() => Hold.runs > 0)
    expect(Hold.runs).to.equal(1)
  })

  it('a call that was answered does not run again; it gets the same answer', async () => {
    peer.call(slots, { ref: refs.Echo, data: '"first"' })
    await peer.next(Kind.Result, slots)
    peer.call(slots, { ref: refs.Echo, data: '"second"' })
    await waitFor(() => peer.all(Kind.Result, slots).length === 2)
    expect(peer.results(slots)).to.deep.equal(['first', 'first'])
  })

  it('a number older than its slot gets no answer, and does not run', async () => {
    peer.call(5 * slots, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, 5 * slots)
    for (const seq of [slots, 4 * slots, 0]) peer.call(seq, { ref: refs.Hold })
    await peer.isServed()
    expect(Hold.runs).to.equal(0)
  })

  it('runs end when the peer is gone for good', async () => {
    for (let i = 0; i < slots; i++) peer.call(slots + i, { ref: refs.Hold })
    await waitFor(() => Hold.runs === slots)
    peer.close()
    await waitFor(() => Hold.aborted === slots)
    expect(arena.server.sessions).to.have.length(1)
  })
})
