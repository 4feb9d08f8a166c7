// Action names are introduced once for each link, in order, and not without end.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { longIt } from '../setup/long.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'
import { Arena, refs } from './arena.ts'
import type { RawPeer } from './raw-peer.ts'

describe('Hostile peers: action names', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open()
    peer = await arena.guest()
  })

  afterEach(() => arena.close())

  async function isClosed(): Promise<void> {
    await arena.serveOthersDuring(() => peer.closed())
  }

  it('a CALL with a ref that was not introduced closes the link', async () => {
    for (const ref of [4, 65_536, 2 ** 40]) {
      const other = await arena.guest()
      other.call(1_024, { ref })
      await other.closed()
    }
    await peer.isServed()
  })

  it('a ref out of order, or for the second time, closes the link', async () => {
    for (const ref of [5, 3, 0, 2 ** 40]) {
      const other = await arena.guest()
      other.send({ kind: Kind.Name, ref, name: 'Echo', contract: undefined })
      await other.closed()
    }
    await peer.isServed()
  })

  it('a name that no action has is answered as UNKNOWN_ACTION, not started', async () => {
    const names = ['Nobody', '__proto__', 'constructor', '']
    peer.send(...names.map((name, i) => ({ kind: Kind.Name, ref: 4 + i, name, contract: undefined })))
    for (const [i] of names.entries()) {
      peer.call(1_024 + i, { ref: 4 + i })
      const { frame, error } = await peer.failure(1_024 + i)
      expect(frame.notStarted).to.equal(true)
      expect(error.code).to.equal('UNKNOWN_ACTION')
    }
    await peer.isServed()
  })

  it('another contract is answered as CONTRACT_MISMATCH, not started', async () => {
    peer.send({ kind: Kind.Name, ref: 4, name: 'Hold', contract: 'other' })
    peer.call(1_024, { ref: 4 })
    const { frame, error } = await peer.failure(1_024)
    expect(frame.notStarted).to.equal(true)
    expect(error.code).to.equal('CONTRACT_MISMATCH')
  })

  it('a name of 513 bytes closes the link', async () => {
    peer.send({ kind: Kind.Name, ref: 4, name: 'é'.repeat(257), contract: undefined })
    await isClosed()
  })

  longIt('65 536 names are taken, one more closes the link', async () => {
    const names = Array.from({ length: 65_532 }, (_, i) =>
      bytesOfFrames({ kind: Kind.Name, ref: 4 + i, name: 'n', contract: undefined }),
    )
    peer.socket.write(Buffer.concat(names))
    await peer.isServed()
    peer.call(1_024, { ref: refs.Echo, data: '1' })
    await peer.next(Kind.Result, 1_024)
    peer.send({ kind: Kind.Name, ref: 65_536, name: 'n', contract: undefined })
    await isClosed()
  })
})
