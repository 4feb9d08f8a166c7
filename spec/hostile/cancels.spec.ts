// Cancels are cheap to send: they must gain nothing, cost nothing, and never make a call run that was buried.
import { expect } from 'chai'
import { type CancelFrame, Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena, Hold, refs } from './arena.ts'
import type { RawPeer } from './raw-peer.ts'

/** Does not listen to its signal. */
class Deaf extends Action {
  static runs = 0
  static release: (() => void)[] = []

  async action() {
    Deaf.runs++
    await new Promise<void>((resolve) => Deaf.release.push(resolve))
  }
}

const slots = 4

function cancel(seq: number): CancelFrame {
  return { kind: Kind.Cancel, seq, reason: 0 }
}

describe('Hostile peers: cancels', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    Deaf.runs = 0
    Deaf.release = []
    arena = await Arena.open({ maxCallsInFlight: slots })
    arena.server.addAction(new Deaf())
    peer = await arena.guest()
    peer.send({ kind: Kind.Name, ref: 4, name: 'Deaf', contract: undefined })
  })

  afterEach(async () => {
    for (const release of Deaf.release) release()
    await arena.close()
  })

  it('a cancelled call holds its slot until its handler has ended: another in it closes the link', async () => {
    for (let i = 0; i < slots; i++) peer.call(slots + i, { ref: 4 })
    await waitFor(() => Deaf.runs === slots)
    await arena.serveOthersDuring(async () => {
      for (let i = 0; i < slots; i++) peer.send(cancel(slots + i))
      await peer.isServed()
      expect(peer.all(Kind.Failure)).to.deep.equal([])
      peer.call(2 * slots, { ref: 4 })
      await peer.closed()
    })
    expect(Deaf.runs).to.equal(slots)
  })

  it('a flood of call and cancel starts each handler once at most, answers each call once, and leaves none', async () => {
    await arena.serveOthersDuring(async () => {
      for (let generation = 1; generation <= 300; generation++) {
        const seqs = Array.from({ length: slots }, (_, i) => generation * slots + i)
        for (const seq of seqs) peer.call(seq, { ref: refs.Hold })
        peer.send(...seqs.map(cancel))
        const answered = (): number[] => peer.frames.flatMap((frame) => ('seq' in frame ? [frame.seq] : []))
        await waitFor(() => answered().length >= slots)
        expect(answered().sort()).to.deep.equal([...seqs].sort())
        peer.frames.length = 1
      }
    })
    expect(Hold.runs).to.be.within(1, 300 * slots)
    expect(Hold.aborted).to.equal(Hold.runs)
  })

  it('ten thousand cancels of one running call abort it once', async () => {
    peer.call(slots, { ref: refs.Hold })
    await waitFor(() => Hold.runs === 1)
    await arena.serveOthersDuring(async () => {
      peer.send(...Array.from({ length: 10_000 }, () => cancel(slots)))
      await peer.next(Kind.Result, slots)
    })
    expect(Hold.aborted).to.equal(1)
  })

  it('a cancel that comes before its call is answered as never started, and the call will not run', async () => {
    peer.send(cancel(slots))
    const { frame, error } = await peer.failure(slots)
    expect(frame.notStarted).to.equal(true)
    expect(error.code).to.equal('CANCELLED')
    peer.call(slots, { ref: refs.Hold })
    await waitFor(() => peer.all(Kind.Failure, slots).length === 2)
    expect(Hold.runs).to.equal(0)
  })

  it('a cancel for the slot of another call that runs closes the link', async () => {
    peer.call(slots, { ref: refs.Hold })
    await waitFor(() => Hold.runs === 1)
    await arena.serveOthersDuring(async () => {
      peer.send(cancel(2 * slots))
      await peer.closed()
    })
  })

  it('cancels of what is long over get nothing', async () => {
    peer.call(3 * slots, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, 3 * slots)
    peer.send(cancel(slots), cancel(2 * slots))
    await peer.isServed()
    expect(peer.all(Kind.Failure)).to.deep.equal([])
  })

  it('a flood of cancels for calls that never come keeps one answer for each slot', async () => {
    const flood = Array.from({ length: 10_000 }, (_, i) => cancel((i + 1) * slots))
    await arena.serveOthersDuring(async () => {
      peer.send(...flood)
      await peer.failure(10_000 * slots)
    })
    await peer.isServed()
    peer.call(10_001 * slots, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, 10_001 * slots)
  })
})
