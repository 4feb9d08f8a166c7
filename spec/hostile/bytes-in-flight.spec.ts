// The data of running calls, and the answers that nobody has acknowledged, are bounded by bytes, for each session.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Arena, Hold, refs } from './arena.ts'
import type { RawPeer } from './raw-peer.ts'

const kibibyte = 1024

describe('Hostile peers: bytes in flight', () => {
  let arena: Arena
  let peer: RawPeer

  beforeEach(async () => {
    arena = await Arena.open({ maxInFlightBytes: 100 * kibibyte, maxLedgerBytes: 64 * kibibyte })
    peer = await arena.guest()
  })

  afterEach(() => arena.close())

  it('a call above maxInFlightBytes is refused as BUSY, not started; small ones too, until one has ended', async () => {
    const data = new Uint8Array(60 * kibibyte)
    await arena.serveOthersDuring(async () => {
      peer.call(1_024, { ref: refs.Hold, data })
      await waitFor(() => Hold.runs === 1)
      peer.call(1_025, { ref: refs.Hold, data })
      const { frame, error } = await peer.failure(1_025)
      expect(frame.notStarted).to.equal(true)
      expect(error.code).to.equal('BUSY')
      peer.send({ kind: Kind.Cancel, seq: 1_024, reason: 0 })
      await peer.next(Kind.Result, 1_024)
      peer.call(2_049, { ref: refs.Hold, data })
      await waitFor(() => Hold.runs === 2)
    })
  })

  it('one call may be larger than the bound: else it could never run', async () => {
    peer.call(1_024, { ref: refs.Hold, data: new Uint8Array(200 * kibibyte) })
    await waitFor(() => Hold.runs === 1)
    peer.call(1_025, { ref: refs.Hold, data: '1' })
    expect((await peer.failure(1_025)).error.code).to.equal('BUSY')
  })

  it('empty byte arrays count for what they cost, not for the two bytes that they take', async () => {
    const data = { json: '"1970-01-01T00:00:00.000Z"', meta: '{"values":["Date"],"v":1}', bytes: [] as Uint8Array[] }
    peer.call(1_024, { ref: refs.Hold, data })
    await waitFor(() => Hold.runs === 1)
    peer.call(1_025, { ref: refs.Hold, data: { ...data, bytes: Array(600).fill(new Uint8Array(0)) } })
    expect((await peer.failure(1_025)).error.code).to.equal('BUSY')
  })

  it('large answers that were sent but not acknowledged make room: who asks again learns that it is unknown', async () => {
    const data = new Uint8Array(30 * kibibyte)
    for (let i = 0; i < 4; i++) {
      peer.call(1_024 + i, { ref: refs.Echo, data })
      await peer.next(Kind.Result, 1_024 + i)
    }
    peer.call(1_024, { ref: refs.Echo, data })
    const { frame, error } = await peer.failure(1_024)
    expect(frame.notStarted).to.equal(false)
    expect(error.code).to.equal('OUTCOME_UNKNOWN')
    peer.call(1_027, { ref: refs.Echo, data })
    await waitFor(() => peer.all(Kind.Result, 1_027).length === 2)
  })

  it('answers that were acknowledged take no room', async () => {
    const data = new Uint8Array(30 * kibibyte)
    for (let i = 0; i < 4; i++) {
      peer.call(1_024 + i, { ref: refs.Echo, data })
      await peer.next(Kind.Result, 1_024 + i)
      if (i > 0) peer.send({ kind: Kind.Ack, seqs: [1_024 + i] })
    }
    peer.call(1_024, { ref: refs.Echo, data })
    await waitFor(() => peer.all(Kind.Result, 1_024).length === 2)
  })
})
