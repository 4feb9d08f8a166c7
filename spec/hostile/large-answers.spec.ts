// Peers that ask for large answers and take just enough of them to be no silent ones: what waits for them is bounded, and
// calls beyond that are not even started.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena } from './arena.ts'
import { callFrame, type RawPeer } from './raw-peer.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const answerBytes = 512 * kibibyte
const limits = { maxLedgerBytes: 4 * mebibyte, maxInFlightBytes: 16 * mebibyte }
/** What may be on its way in the kernel and in the sockets of both sides; all that is asked for has 500 MiB. */
const onTheWayBytes = 64 * mebibyte
const asked = 1_000

class Produce extends Action {
  static runs = 0

  action() {
    Produce.runs++
    return new Uint8Array(answerBytes)
  }
}

/** Runs until it is told to answer. */
class Gather extends Action {
  static readonly waiting: (() => void)[] = []

  async action() {
    await new Promise<void>((resolve) => Gather.waiting.push(resolve))
    return new Uint8Array(answerBytes)
  }
}

describe('Hostile peers: large answers', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    Produce.runs = 0
    Gather.waiting.length = 0
    arena = await Arena.open(limits)
    arena.server.addAction(new Produce()).addAction(new Gather())
    peer = await arena.stranger()
    await peer.enter()
    peer.introduce('Produce', 'Gather')
  })

  afterEach(async () => {
    for (const go of Gather.waiting) go()
    await arena.close()
  })

  function ask(count: number, ref: number): void {
    peer.send(...Array.from({ length: count }, (_, slot) => callFrame(1_024 + slot, { ref })))
  }

  it('of answers that are made immediately, maxLedgerBytes wait, and one more', async () => {
    peer.socket.pause()
    ask(asked, 0)
    await arena.serveOthersDuring(async () => {
      await waitFor(() => Produce.runs > 0)
      // A little is taken, now and then.
      for (let i = 0; i < 10; i++) {
        peer.socket.resume()
        await new Promise((resolve) => setImmediate(resolve))
        peer.socket.pause()
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const takenBytes = peer.socket.bytesRead
    expect(Produce.runs * answerBytes - takenBytes).to.be.below(limits.maxLedgerBytes + answerBytes + onTheWayBytes)
    expect(Produce.runs).to.be.below(asked / 2)
  })

  it('of an action that answers late, as many run as may answer maxInFlightBytes more', async () => {
    ask(1, 1)
    await waitFor(() => Gather.waiting.length === 1)
    Gather.waiting.shift()?.()
    await peer.next(Kind.Result, 1_024)
    peer.send(...Array.from({ length: 999 }, (_, slot) => callFrame(1_025 + slot, { ref: 1 })))
    await peer.isServed()
    const mostRuns = (limits.maxLedgerBytes + limits.maxInFlightBytes) / answerBytes
    expect(Gather.waiting).to.have.length(mostRuns)
    peer.socket.pause()
    for (const go of Gather.waiting.splice(0)) go()
    await arena.serveOthersDuring(async () => undefined)
    // Those that answered made room only as far as their answers have left.
    expect(Gather.waiting.length).to.be.at.most(mostRuns + onTheWayBytes / answerBytes)
  })
})
