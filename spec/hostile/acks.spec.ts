// Acknowledgements let the server forget answers; they are never a reason to forget what runs.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena, Hold, refs } from './arena.ts'
import type { RawPeer } from './raw-peer.ts'

describe('Hostile peers: acknowledgements', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open()
    peer = await arena.guest()
  })

  afterEach(() => arena.close())

  it('of calls that never were are ignored, however many', async () => {
    const seqs = Array.from({ length: 1_024 }, (_, i) => 1_024 * (i + 1) + i)
    await arena.serveOthersDuring(async () => {
      for (let i = 0; i < 500; i++) peer.send({ kind: Kind.Ack, seqs })
      peer.send({ kind: Kind.Ack, seqs: [0, 2 ** 53 - 1] }, { kind: Kind.Ack, seqs: [] })
      await peer.isServed()
    })
  })

  it('more than 1 024 in one frame close the link', async () => {
    await arena.serveOthersDuring(async () => {
      peer.send({ kind: Kind.Ack, seqs: Array.from({ length: 1_025 }, (_, i) => i) })
      await peer.closed()
    })
  })

  it('of a call that runs changes nothing: the call runs on, once, and is answered', async () => {
    peer.call(1_024, { ref: refs.Hold })
    await waitFor(() => Hold.runs === 1)
    peer.send({ kind: Kind.Ack, seqs: [1_024, 1_024] })
    peer.call(1_024, { ref: refs.Hold })
    peer.send({ kind: Kind.Cancel, seq: 1_024, reason: 0 })
    await peer.next(Kind.Result, 1_024)
    expect(Hold.runs).to.equal(1)
  })

  it('of an answered call makes it forgotten, but never run again', async () => {
    peer.call(1_024, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, 1_024)
    peer.send({ kind: Kind.Ack, seqs: [1_024] })
    for (let i = 0; i < 3; i++) peer.call(1_024, { ref: refs.Hold })
    peer.send({ kind: Kind.Cancel, seq: 1_024, reason: 0 })
    await peer.isServed()
    expect(Hold.runs).to.equal(0)
    expect(peer.all(Kind.Result)).to.have.length(1)
    expect(peer.all(Kind.Failure)).to.deep.equal([])
  })
})
