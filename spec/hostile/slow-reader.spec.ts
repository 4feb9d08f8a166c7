// Peers that send and do not read: what waits for them is bounded, and the others do not wait with them.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Context } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'
import { Arena, Flood, refs } from './arena.ts'
import { callFrame, plainHello, type RawPeer } from './raw-peer.ts'

const mebibyte = 1024 * 1024

/** Emits without waiting, until it is told that it is too much. */
class Hasty extends Action {
  static emitted = 0
  static code = ''

  async action(_data: unknown, { emit, signal }: Context<string>) {
    const item = 'x'.repeat(64 * 1024)
    try {
      while (!signal.aborted && Hasty.emitted < 10_000) {
        Hasty.emitted++
        emit(item).catch((error) => {
          Hasty.code = error.code
        })
        if (Hasty.code !== '') return
        if (Hasty.emitted % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      Hasty.code = (error as { code: string }).code
    }
  }
}

describe('Hostile peers: slow readers', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    Hasty.emitted = 0
    Hasty.code = ''
    // Wide windows on both sides, so that streams are stopped by the link that blocks.
    const streamWindowBytes = 64 * mebibyte
    arena = await Arena.open({ maxWriteQueueBytes: 2 * mebibyte, streamWindowBytes })
    arena.server.addAction(new Hasty())
    peer = await arena.guest({ limits: { ...plainHello.limits, streamWindowBytes } })
    peer.send({ kind: Kind.Name, ref: 4, name: 'Hasty', contract: undefined })
    await peer.isServed()
  })

  afterEach(() => arena.close())

  /** The kernel takes several megabytes before a writer notices. */
  async function fillTheWay(): Promise<void> {
    peer.socket.pause()
    peer.call(1_024, { ref: refs.Flood, data: String(256 * 1024) })
    let last = -1
    await waitFor(async () => {
      if (Flood.yielded === last && last > 0) return true
      last = Flood.yielded
      await new Promise((resolve) => setTimeout(resolve, 30))
      return false
    })
  }

  it('a stream stops when its reader does, and others go on', async () => {
    await arena.serveOthersDuring(async () => {
      await fillTheWay()
      expect(Flood.yielded * 256 * 1024).to.be.below(64 * mebibyte)
    })
  })

  longIt('a flood of pings without reading the pongs ends with the link closed', async () => {
    const pings = Buffer.concat(Array.from({ length: 100_000 }, () => bytesOfFrames({ kind: Kind.Ping })))
    await arena.serveOthersDuring(async () => {
      await fillTheWay()
      const pump = (): void => {
        while (!peer.isClosed && peer.socket.write(pings));
      }
      peer.socket.on('drain', pump)
      pump()
      await waitFor(
        () => !arena.server.sessions.some((session) => session.core.isAttached && session.core.runningCount),
        {
          what: 'the link to be closed',
          timeoutMs: 30_000,
        },
      )
    })
  }).timeout(40_000)

  longIt('answers wait in the ledger, and calls before it, up to maxInFlightBytes; none of those is lost', async () => {
    await fillTheWay()
    const data = new Uint8Array(3 * mebibyte)
    for (let i = 1; i <= 30; i++) peer.send(callFrame(1_024 + i, { ref: refs.Echo, data }))
    // What the kernel still holds then is the data of a few calls.
    await waitFor(() => peer.socket.writableLength === 0, { what: 'the server to take the calls', timeoutMs: 20_000 })
    await arena.serveOthersDuring(async () => {
      peer.socket.resume()
      // Six answers fill maxLedgerBytes, the data of 21 calls maxInFlightBytes.
      for (let i = 1; i <= 27; i++) await peer.next(Kind.Result, 1_024 + i)
      expect((await peer.failure(1_054)).error.code).to.equal('BUSY')
    })
  })

  it('a peer that goes on sending and takes nothing is cut after deadAfterMs, and a second for each 16 KB', async () => {
    await arena.close()
    arena = await Arena.open({ heartbeatMs: 100, deadAfterMs: 300, frameTimeoutMs: 200 })
    peer = await arena.guest()
    peer.call(1_024, { ref: refs.Flood, data: '4096' })
    peer.socket.pause()
    const talk = setInterval(() => peer.send({ kind: Kind.Pong }), 20)
    try {
      await arena.serveOthersDuring(() =>
        waitFor(() => !arena.server.sessions.some((session) => session.core.isAttached && session.core.runningCount), {
          what: 'the link to be closed',
          timeoutMs: 15_000,
        }),
      )
    } finally {
      clearInterval(talk)
    }
  })

  it('an action that emits without waiting is stopped at maxWriteQueueBytes', async () => {
    peer.socket.pause()
    peer.call(1_024, { ref: 4 })
    await arena.serveOthersDuring(() => waitFor(() => Hasty.code !== '', { timeoutMs: 5_000 }))
    expect(Hasty.code).to.equal('BUSY')
    expect(Hasty.emitted * 64 * 1024).to.be.below(40 * mebibyte)
  })
})
