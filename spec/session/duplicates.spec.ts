// Frames that come twice, late or never, played by hand: no call runs twice, and no answer goes to another call.
import { expect } from 'chai'
import { CancelReason, Kind } from '../../lib/core/wire/frames/frame.ts'
import type { Context, ServerOptions } from '../../lib/index.ts'
import { Action } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { Work, World } from '../setup/world.ts'

/** The first numbers of slots 0 and 1, and the second of slot 0. */
const [first, neighbour, second] = [1_024, 1_025, 2_048]

class Emitter extends Action {
  async action(size: number, { emit }: Context<number>) {
    for (let i = 0; i < 3; i++) await emit(i)
    return 'x'.repeat(size)
  }
}

describe('what comes twice or late', () => {
  let world: World
  let work: Work
  const peers: FramePeer[] = []

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(async () => {
    for (const peer of peers.splice(0)) await peer.close()
    await world.close()
  })

  async function enter(options: ServerOptions = {}): Promise<FramePeer> {
    await world.serve([work, new Emitter()], options)
    const peer = await FramePeer.enter(world, ['Work', 'Emitter'])
    peers.push(peer)
    return peer
  }

  async function comeBack(former: FramePeer): Promise<FramePeer> {
    const peer = await FramePeer.resume(world, former, ['Work', 'Emitter'])
    peers.push(peer)
    return peer
  }

  it('joins a CALL that comes twice while it runs', async () => {
    const peer = await enter()
    await peer.call(first)
    await peer.call(first, { attempt: 2 })
    work.run.finish('one')
    await settle()
    expect(peer.results).to.deep.equal([[first, 'one']])
  })

  it('answers a CALL that comes after its end with the stored answer', async () => {
    const peer = await enter()
    await peer.call(first)
    work.run.finish('one')
    await settle()
    await peer.call(first, { attempt: 2 })
    expect(peer.results).to.deep.equal([
      [first, 'one'],
      [first, 'one'],
    ])
    expect(work.runs).to.have.length(1)
  })

  it('says nothing to a CALL whose slot has gone on', async () => {
    const peer = await enter()
    await peer.call(first)
    work.run.finish('old')
    await settle()
    await peer.call(second)
    await peer.call(first)
    expect(work.runs).to.have.length(2)
    expect(peer.results).to.deep.equal([[first, 'old']])
    expect(peer.failures).to.deep.equal([])
  })

  it('closes the link, but keeps session and runs, when a slot is taken that is in use', async () => {
    const peer = await enter()
    await peer.call(neighbour)
    await peer.call(first)
    await peer.call(second)
    expect(peer.endReason).to.not.equal(undefined)
    expect(work.runs).to.have.length(2)
    expect(work.runs.some((run) => run.context.signal.aborted)).to.equal(false)
    const again = await comeBack(peer)
    expect(again.welcome.resumed).to.equal(true)
    work.runs[0]?.finish('still there')
    await settle()
    await again.call(neighbour, { attempt: 2 })
    expect(again.results.at(-1)).to.deep.equal([neighbour, 'still there'])
    expect(work.runs).to.have.length(2)
  })

  it('never runs a CALL whose CANCEL came before it', async () => {
    const peer = await enter()
    await peer.send({ kind: Kind.Cancel, seq: first, reason: CancelReason.Cancelled })
    await peer.call(first)
    expect(work.runs).to.have.length(0)
    expect(peer.failures).to.deep.equal([
      [first, 'CANCELLED', true],
      [first, 'CANCELLED', true],
    ])
    await peer.call(second)
    expect(work.runs).to.have.length(1)
  })

  it('ignores a CANCEL of a call whose slot has gone on', async () => {
    const peer = await enter()
    await peer.call(first)
    work.run.finish()
    await settle()
    await peer.call(second)
    await peer.send({ kind: Kind.Cancel, seq: first, reason: CancelReason.Cancelled })
    expect(work.runs[1]?.context.signal.aborted).to.equal(false)
  })

  it('answers a CANCEL that comes after the end with the stored answer', async () => {
    const peer = await enter()
    await peer.call(first)
    work.run.finish('early')
    await settle()
    await peer.send({ kind: Kind.Cancel, seq: first, reason: CancelReason.Cancelled })
    expect(peer.results).to.have.length(2)
  })

  it('may run a refused CALL later: it never started', async () => {
    const peer = await enter({ limits: { maxInFlightBytes: 100 } })
    await peer.call(first, { data: JSON.stringify('x'.repeat(90)) })
    await peer.call(neighbour, { data: JSON.stringify('y'.repeat(90)) })
    expect(peer.failures).to.deep.equal([[neighbour, 'BUSY', true]])
    work.run.finish()
    await settle()
    await peer.call(neighbour, { data: JSON.stringify('y') })
    expect(work.runs[1]?.data).to.equal('y')
  })

  it('says that the outcome is unknown where the answer made room for others, and never runs it again', async () => {
    const peer = await enter({ limits: { maxLedgerBytes: 10_000 } })
    await peer.call(first)
    await peer.call(neighbour)
    work.runs[0]?.finish('a'.repeat(8_000))
    work.runs[1]?.finish('b'.repeat(8_000))
    await settle()
    await peer.call(first, { attempt: 2 })
    await peer.call(neighbour, { attempt: 2 })
    expect(peer.failures).to.deep.equal([[first, 'OUTCOME_UNKNOWN', false]])
    expect(peer.results.map(([seq]) => seq)).to.deep.equal([first, neighbour, neighbour])
    expect(work.runs).to.have.length(2)
  })

  it('counts the items of a call whose answer made room, so that its caller does not take fright', async () => {
    const peer = await enter({ limits: { maxLedgerBytes: 10_000 } })
    await peer.call(first, { ref: 1, data: '8000' })
    await peer.call(neighbour, { ref: 1, data: '8000' })
    await peer.call(first, { ref: 1, data: '8000', attempt: 2 })
    expect(peer.all(Kind.Failure).map(({ seq, items }) => [seq, items])).to.deep.equal([[first, 3]])
  })

  it('frees an answer that is acknowledged, and says no more about it', async () => {
    const peer = await enter({ limits: { maxLedgerBytes: 10_000 } })
    await peer.call(first)
    await peer.call(neighbour)
    work.runs[0]?.finish('a'.repeat(8_000))
    await settle()
    await peer.send({ kind: Kind.Ack, seqs: [first] })
    work.runs[1]?.finish('b'.repeat(8_000))
    await settle()
    await peer.call(first, { attempt: 2 })
    await peer.call(neighbour, { attempt: 2 })
    expect(peer.failures).to.deep.equal([])
    expect(peer.results.map(([seq]) => seq)).to.deep.equal([first, neighbour, neighbour])
  })

  it('frees an answer when its slot is used again', async () => {
    const peer = await enter({ limits: { maxLedgerBytes: 10_000 } })
    for (const seq of [first, second, 3_072]) {
      await peer.call(seq)
      work.runs.at(-1)?.finish('a'.repeat(8_000))
      await settle()
    }
    await peer.call(3_072, { attempt: 2 })
    expect(peer.failures).to.deep.equal([])
  })

  it('ignores an ACK of a call that runs', async () => {
    const peer = await enter()
    await peer.call(first)
    await peer.send({ kind: Kind.Ack, seqs: [first, neighbour, second] })
    work.run.finish('anyway')
    await settle()
    expect(peer.results).to.deep.equal([[first, 'anyway']])
  })

  it('lets go of the data of a call that was answered', async () => {
    const peer = await enter({ limits: { maxInFlightBytes: 10_000 } })
    for (let slot = 0; slot < 20; slot++) {
      await peer.call(first + slot, { data: JSON.stringify('x'.repeat(9_000)) })
      work.runs.at(-1)?.finish()
      await settle()
    }
    expect(peer.failures).to.deep.equal([])
    expect(work.runs).to.have.length(20)
  })
})
