// What a peer makes the server keep: never more than the server's own bounds, whatever the peer claims for itself.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena, Flood, refs } from './arena.ts'
import { plainHello, type RawPeer } from './raw-peer.ts'

const mebibyte = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('Hostile peers: memory', () => {
  let arena: Arena
  let peer: RawPeer

  afterEach(() => arena.close())

  async function open(streamWindowBytes = plainHello.limits.streamWindowBytes): Promise<void> {
    arena = await Arena.open()
    peer = await arena.guest({ limits: { ...plainHello.limits, streamWindowBytes } })
    await peer.isServed()
  }

  it('a reader that announces, or grants, 2^52 bytes gets no more unconfirmed items than the server keeps', async () => {
    await open(2 ** 52)
    peer.call(1_024, { ref: refs.Flood, data: '1000' })
    peer.send({ kind: Kind.Credit, seq: 1_024, received: 0, granted: 2 ** 52 })
    await waitFor(() => peer.all(Kind.Item).length >= 256)
    await peer.isServed()
    expect(peer.all(Kind.Item)).to.have.length(256)
    expect(Flood.yielded).to.be.at.most(257)
    peer.send({ kind: Kind.Credit, seq: 1_024, received: 256, granted: 2 ** 52 })
    await waitFor(() => peer.all(Kind.Item).length === 512)
  })

  longIt('input that a handler did not read goes with its answer', async () => {
    await open()
    const value = new Uint8Array(mebibyte)
    const before = process.memoryUsage().arrayBuffers
    for (let slot = 0; slot < 100; slot++) {
      const seq = 1_024 + slot
      peer.call(seq, { ref: refs.Ignore, inputs: 1 })
      peer.send({ kind: Kind.Input, seq, index: 0, value })
      peer.send({ kind: Kind.Cancel, seq, reason: 0 })
      await peer.next(Kind.Result, seq)
    }
    // 100 MiB where it stays; buffers are given back some turns after the collector ran.
    await waitFor(() => {
      collectGarbage()
      return process.memoryUsage().arrayBuffers - before < 20 * mebibyte
    })
  })
})
