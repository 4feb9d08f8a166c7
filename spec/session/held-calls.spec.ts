// Answers that are large in all: those that a reading client is owed are never dropped, and calls whose answers could not
// leave are held until they can.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { HeldCalls } from '../../lib/core/session/held-calls.ts'
import { IncomingCall } from '../../lib/core/session/incoming-call.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { CancelReason, Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Context } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { Work, World } from '../setup/world.ts'

const kibibyte = 1024
const limits = { maxLedgerBytes: 64 * kibibyte, maxInFlightBytes: 100 * kibibyte, maxCallsInFlight: 1_000 }
/** The number of the first call in a slot. */
const inSlot = (slot: number): number => limits.maxCallsInFlight + slot
const large = 'x'.repeat(30 * kibibyte)

/** Two items, of which the first fills the window, and an answer that waits behind them. */
class Emit extends Action {
  action(_data: unknown, { emit }: Context<string>) {
    for (let i = 0; i < 2; i++) void emit('x'.repeat(2_000))
    return large
  }
}

describe('calls whose answers could not leave', () => {
  let world: World
  let work: Work
  let peer: FramePeer
  const peers: FramePeer[] = []

  beforeEach(async () => {
    world = new World()
    work = new Work()
    await world.serve([work], { limits })
    peer = await FramePeer.enter(world, ['Work'])
    peers.push(peer)
  })

  afterEach(async () => {
    for (const open of peers.splice(0)) await open.close()
    await world.close()
  })

  const data = (run: number): unknown => work.runs[run]?.data

  async function callEach(slots: readonly number[], more: { remainingMs?: number } = {}): Promise<void> {
    for (const slot of slots) await peer.call(inSlot(slot), { data: String(slot), ...more })
  }

  /** Runs so many calls at once, in the first slots, and answers them with 30 KiB each. */
  async function answerLarge(count: number): Promise<void> {
    await callEach(Array.from({ length: count }, (_, slot) => slot))
    for (const [i, run] of work.runs.slice(-count).entries()) {
      run.finish(large)
      // What is said in one tick goes together, as one write.
      if (i === 0) await settle()
    }
    await settle()
  }

  /** So many bytes of answers wait for the link, and the one before it is on its way. */
  async function fillTheWay(count: number): Promise<void> {
    world.network.wire.block('down')
    await answerLarge(count + 1)
    expect(peer.results).to.have.length(1)
  }

  it('loses none of the answers of calls that ran already, however large they are together', async () => {
    await fillTheWay(20)
    world.network.wire.unblock('down')
    await settle()
    expect(peer.results).to.have.length(21)
    expect(peer.failures).to.deep.equal([])
  })

  it('starts no more calls while answers of more than maxLedgerBytes wait, and then starts them as they came', async () => {
    await fillTheWay(3)
    await callEach([10, 11, 12])
    expect(work.runs).to.have.length(4)
    expect(peer.failures).to.deep.equal([])
    world.network.wire.unblock('down')
    await settle()
    expect([4, 5, 6].map(data)).to.deep.equal([10, 11, 12])
  })

  it('starts calls while less than that waits', async () => {
    await fillTheWay(2)
    await callEach([10])
    expect(data(3)).to.equal(10)
  })

  it('refuses only what has more data than maxInFlightBytes beside that of those which are held', async () => {
    await fillTheWay(3)
    await peer.call(inSlot(10), { data: `"${'x'.repeat(90 * kibibyte)}"` })
    await peer.call(inSlot(11), { data: `"${'x'.repeat(20 * kibibyte)}"` })
    expect(peer.failures).to.deep.equal([[inSlot(11), 'BUSY', true]])
  })

  it('runs as many at once as may answer as much as their action did lately', async () => {
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5, 6, 7])
    // Five of 30 KiB are within 164 KiB.
    expect(work.runs).to.have.length(6)
    work.runs[1]?.finish()
    await settle()
    expect([6, 7].map(data)).to.deep.equal([6, undefined])
  })

  it('keeps the order where a call is held whose own answer is small', async () => {
    await peer.send({ kind: Kind.Name, ref: 1, name: 'isock.ping', contract: undefined })
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5, 6])
    await peer.call(inSlot(7), { ref: 1 })
    expect(peer.results).to.have.length(1)
    work.runs[1]?.finish()
    await settle()
    expect(peer.results.map(([seq]) => seq)).to.deep.equal([0, 1, 7].map(inSlot))
  })

  it('runs all of an action whose answers became small', async () => {
    await answerLarge(1)
    for (let i = 1; i <= 500; i++) {
      await callEach([i])
      work.runs.at(-1)?.finish()
    }
    await callEach(Array.from({ length: 100 }, (_, i) => 600 + i))
    expect(work.runs).to.have.length(601)
  })

  it('are started when those before them have not answered for a second, so that none waits for another forever', async () => {
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(work.runs).to.have.length(6)
    await world.clock.advance(1_000)
    expect(work.runs).to.have.length(11)
    // Those of which nothing is expected any more make no room when they answer.
    for (const run of work.runs.slice(1, 6)) run.finish()
    await settle()
    expect(work.runs).to.have.length(11)
    await world.clock.advance(1_000)
    expect(work.runs).to.have.length(13)
  })

  it('are not started for the time that passed while answers waited, when those have left', async () => {
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5])
    world.network.wire.block('down')
    work.runs[1]?.finish(large)
    await settle()
    for (const run of work.runs.slice(2, 5)) run.finish(large)
    await settle()
    await callEach([10, 11, 12, 13, 14, 15, 16])
    await world.clock.advance(10_000)
    expect(work.runs).to.have.length(6)
    world.network.wire.unblock('down')
    await settle()
    // One and four more of 30 KiB are within 164 KiB.
    expect(work.runs).to.have.length(10)
  })

  it('show life to their callers, as answers do that wait: their silence is not that of a handler', async () => {
    await fillTheWay(3)
    await callEach([10])
    await world.clock.advance(31_000)
    // Three answers and a call, twice.
    const signs = peer.all(Kind.InputCredit).map(({ seq, received, granted }) => [seq, received, granted])
    const waiting = [1, 2, 3, 10].map((slot) => [inSlot(slot), 0, 0])
    expect(signs).to.deep.equal([...waiting, ...waiting])
    world.network.wire.unblock('down')
    await world.clock.advance(31_000)
    expect(peer.all(Kind.InputCredit)).to.have.length(signs.length)
  })

  it('are not refused for the time for which they were held', async () => {
    await fillTheWay(3)
    await callEach([10, 11, 12], { remainingMs: 4_000 })
    await world.clock.advance(3_000)
    world.network.wire.unblock('down')
    await settle()
    expect([4, 5, 6].map(data)).to.deep.equal([10, 11, 12])
    expect(peer.failures).to.deep.equal([])
  })

  it('are not started for the time that passes while answers wait', async () => {
    await fillTheWay(3)
    await callEach([10])
    await world.clock.advance(10_000)
    expect(work.runs).to.have.length(4)
  })

  it('one call alone starts, whatever its action answered lately', async () => {
    await callEach([0])
    work.run.finish('x'.repeat(300 * kibibyte))
    await settle()
    await callEach([1, 2])
    expect(work.runs).to.have.length(2)
  })

  it('are answered as not started when they are cancelled, when their time is over, and when the server ends', async () => {
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5, 6, 9])
    await callEach([7], { remainingMs: 500 })
    await peer.send({ kind: Kind.Cancel, seq: inSlot(6), reason: CancelReason.Cancelled })
    expect(peer.failures).to.deep.equal([[inSlot(6), 'CANCELLED', true]])
    await world.clock.advance(600)
    expect(peer.failures.slice(1)).to.deep.equal([[inSlot(7), 'DEADLINE_EXCEEDED', true]])
    await world.clock.advance(10)
    expect(work.runs).to.have.length(6)
    work.runs[1]?.finish()
    await settle()
    // What was answered is not started when its turn comes.
    expect(data(6)).to.equal(9)
  })

  it('wait for the next link when theirs is lost, and are started over it', async () => {
    await fillTheWay(3)
    await callEach([10])
    world.network.wire.cut('rst')
    await world.clock.advance(5_000)
    expect(work.runs).to.have.length(4)
    const again = await FramePeer.resume(world, peer, ['Work'])
    peers.push(again)
    expect(data(4)).to.equal(10)
    await again.call(inSlot(10), { attempt: 2 })
    work.runs[4]?.finish('once')
    await settle()
    expect(again.results).to.deep.equal([[inSlot(10), 'once']])
    expect(work.runs).to.have.length(5)
  })

  it('are not started when their session ends, nor when the server tells what runs to stop', async () => {
    await peer.send({ kind: Kind.Name, ref: 1, name: 'isock.ping', contract: undefined })
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5, 6])
    await peer.call(inSlot(7), { ref: 1 })
    await world.close()
    const held = peer.failures.filter(([, , notStarted]) => notStarted)
    expect(held).to.deep.equal([6, 7].map((slot) => [inSlot(slot), 'CANCELLED', true]))
  })

  it('are answered when their client has left for too long, and those that it makes later start', async () => {
    await answerLarge(1)
    await callEach([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(work.runs).to.have.length(6)
    work.runs[1]?.finish()
    await settle()
    expect(work.runs).to.have.length(7)
    world.network.wire.cut('fin')
    await world.clock.advance(defaultLimits.closedLinkGraceMs)
    for (const run of work.runs) run.finish()
    const again = await FramePeer.resume(world, peer, ['Work'])
    peers.push(again)
    await again.call(inSlot(7), { attempt: 2 })
    expect(again.failures).to.deep.equal([[inSlot(7), 'CANCELLED', true]])
    await again.call(inSlot(20))
    expect(work.runs).to.have.length(8)
    work.runs[7]?.finish()
  })

  it('leave nothing when their session ends', async () => {
    await fillTheWay(3)
    await callEach([10, 11])
    await peer.send({ kind: Kind.Bye, isClean: false })
    expect(work.runs).to.have.length(4)
  })
})

describe('answers that nobody takes', () => {
  it('make the callee refuse further calls: those whose caller does not read the items before them', async () => {
    const world = new World()
    const work = new Work()
    await world.serve([work, new Emit()], { limits: { ...limits, streamWindowBytes: 1_024 } })
    const peer = await FramePeer.enter(world, ['Work', 'Emit'])
    for (let slot = 0; slot < 3; slot++) await peer.call(inSlot(slot), { ref: 1 })
    await peer.call(inSlot(9))
    expect(peer.failures).to.deep.equal([[inSlot(9), 'BUSY', true]])
    await peer.send({ kind: Kind.Credit, seq: inSlot(0), received: 1, granted: 1_000_000 })
    await peer.send({ kind: Kind.Ack, seqs: [inSlot(0)] })
    await peer.call(inSlot(9))
    expect(work.runs).to.have.length(1)
    work.run.finish()
    await settle()
    await peer.close()
    await world.close()
  })
})

describe('a call that is held', () => {
  it('does not hold the buffer that its data came in', () => {
    const callee = { startCall: () => expect.fail('started') }
    const held = new HeldCalls(
      { clock: new VirtualClock(), limits: defaultLimits, isAttached: true, callee },
      { waitingBytes: Number.POSITIVE_INFINITY },
      { all: [] },
    )
    const keeper = { onAnswered: () => undefined, openItems: () => expect.fail('items'), onWeighed: () => undefined }
    const action = { name: 'any', contract: undefined, expectedBytes: 0 }
    const given = {
      seq: 1,
      action,
      attempt: 1,
      metadata: undefined,
      input: undefined,
      admittedAtMs: 0,
      deadlineAtMs: 0,
    }
    const call = new IncomingCall(keeper, given, new Packed(new Uint8Array(64 * kibibyte), 10, 20))
    held.admit(call)
    expect((call.takeData() as Packed).bytes.buffer.byteLength).to.be.below(kibibyte)
    held.close()
  })
})

describe('answers that were sent', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  it('do not make room for answers that only wait to be sent', async () => {
    await world.serve([work], { limits: { maxLedgerBytes: 64 * kibibyte } })
    const client = world.client()
    await client.connect()
    const calls = Array.from({ length: 10 }, () => client.runAction(Work))
    await settle()
    const { wire } = world.network
    wire.hold('down')
    work.runs[0]?.finish(large)
    await settle()
    wire.block('down')
    work.runs[1]?.finish(large)
    await settle()
    for (const run of work.runs.slice(2)) run.finish(large)
    await settle()
    // The first two were sent, and are lost on the way.
    wire.cut('rst')
    const outcomes = await world.clock.until(Promise.all(calls.map((call) => call.outcome())))
    expect(outcomes.map((outcome) => outcome.ok)).to.deep.equal(calls.map(() => true))
  })
})
