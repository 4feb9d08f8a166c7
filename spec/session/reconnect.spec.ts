// Links that are cut around a call: it runs once, and its caller gets that run's result.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { OutcomeUnknownError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import type { Cut } from '../setup/virtual-network.ts'
import { failureOf, Work, World } from '../setup/world.ts'

describe('a call whose link is cut', () => {
  let world: World
  let work: Work

  beforeEach(() => {
    world = new World()
    work = new Work()
  })

  afterEach(() => world.close())

  it('runs once when the cut came before the call arrived', async () => {
    await world.serve([work])
    const client = world.client()
    world.network.cutAt(Kind.Call, 'up')
    const call = client.runAction(Work, 'a')
    await world.clock.advance(1_000)
    work.run.finish('done')
    expect(await call).to.equal('done')
    expect(work.run.data).to.equal('a')
    expect(world.network.wires).to.have.length(2)
    expect(work.run.context.attempt).to.equal(2)
  })

  it('waits for the link when it is submitted while there is none', async () => {
    await world.serve([work])
    const client = world.client()
    await client.connect()
    await world.clock.advance(2_000)
    world.network.setReachable('server', false)
    world.network.wire.cut()
    await settle()
    const call = client.runAction(Work)
    world.network.setReachable('server', true)
    await world.clock.advance(1_000)
    work.run.finish(1)
    expect(await call).to.equal(1)
    expect(work.run.context.attempt).to.equal(1)
  })

  for (const how of ['fin', 'rst', 'silent'] as const satisfies Cut[]) {
    it(`joins the run that goes on (${how})`, async () => {
      await world.serve([work])
      const client = world.client()
      const call = client.runAction(Work)
      await settle()
      const { session } = work.run.context
      world.network.wire.cut(how)
      await world.clock.advance(how === 'silent' ? 50_000 : 1_000)
      expect(world.network.wires).to.have.length(2)
      expect(work.run.context.signal.aborted).to.equal(false)
      expect(session.isConnected).to.equal(true)
      work.run.finish('its own result')
      expect(await call).to.equal('its own result')
      expect(call.id).to.equal(work.run.context.callId)
    })
  }

  it('gets the answer that was given while there was no link', async () => {
    await world.serve([work])
    const client = world.client()
    const call = client.runAction(Work)
    await settle()
    world.network.wire.cut()
    await settle()
    work.run.finish('meanwhile')
    expect(await world.clock.until(call)).to.equal('meanwhile')
    expect(work.runs).to.have.length(1)
  })

  it('gets the stored answer when the first one was lost on the way', async () => {
    await world.serve([work])
    const client = world.client()
    world.network.cutAt(Kind.Result, 'down')
    const call = client.runAction(Work)
    await settle()
    work.run.finish('once')
    expect(await world.clock.until(call)).to.equal('once')
    expect(work.runs).to.have.length(1)
    expect(world.network.wires.map((wire) => wire.sent(Kind.Result, 'down').length)).to.deep.equal([1, 1])
  })

  it('gets the stored error when the first one was lost on the way', async () => {
    await world.serve([work])
    const client = world.client()
    world.network.cutAt(Kind.Failure, 'down')
    const call = client.runAction(Work)
    await settle()
    work.run.fail(new RangeError('too far'))
    const error = await world.clock.until(failureOf(call))
    expect(error).to.be.instanceOf(RangeError)
    expect(error.message).to.equal('too far')
    expect(work.runs).to.have.length(1)
  })

  it('outlives two cuts in a row', async () => {
    await world.serve([work])
    const client = world.client()
    const { network } = world
    network.judge = (frame) => (frame.kind === Kind.Call && network.wires.length <= 2 ? 'lose and cut' : 'pass')
    const call = client.runAction(Work)
    await world.clock.advance(5_000)
    work.run.finish(2)
    expect(await call).to.equal(2)
    expect(network.wires).to.have.length(3)
  })

  it('outlives as many faults as it has retries, and no more', async () => {
    await world.serve([work])
    const client = world.client({ retry: 2 })
    world.network.judge = (frame, direction) =>
      frame.kind === Kind.Result && direction === 'down' ? 'lose and cut' : 'pass'
    const call = client.runAction(Work)
    await settle()
    work.run.finish('never heard')
    const error = await world.clock.until(failureOf(call))
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(error['notStarted']).to.equal(false)
    expect(world.network.wires.filter((wire) => wire.sent(Kind.Result, 'down').length > 0)).to.have.length(3)
    expect(work.runs).to.have.length(1)
  })

  it('is not mixed up with the other calls of the session', async () => {
    await world.serve([work])
    const client = world.client()
    const calls = Array.from({ length: 50 }, (_, i) => client.runAction(Work, i))
    await settle()
    for (const run of work.runs.slice(0, 20)) run.finish(`result ${run.data}`)
    world.network.wire.cut()
    for (const run of work.runs.slice(20)) run.finish(`result ${run.data}`)
    const results = await world.clock.until(Promise.all(calls))
    expect(results).to.deep.equal(calls.map((_, i) => `result ${i}`))
    expect(work.runs).to.have.length(50)
  })

  it('keeps the session and what actions remembered in it', async () => {
    await world.serve([work])
    const client = world.client()
    const first = client.runAction(Work)
    await settle()
    work.runs[0]?.context.session.state.set('cart', ['apple'])
    work.runs[0]?.finish()
    await first
    const id = client.sessionId
    world.network.wire.cut()
    const second = client.runAction(Work)
    await world.clock.advance(1_000)
    expect(work.runs[1]?.context.session.state.get('cart')).to.deep.equal(['apple'])
    expect(client.sessionId).to.equal(id)
    expect(work.runs[1]?.context.session.id).to.equal(id)
    work.runs[1]?.finish()
    await second
  })
})
