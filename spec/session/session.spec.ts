// What a session says of itself: whether it is busy, how wide its streams are, and whether all has left.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/base/options.ts'
import { Action, type Client, type Context, type Server } from '../../lib/index.ts'
import { streamWindow } from '../../lib/session/outbound-stream.ts'
import type { Session } from '../../lib/session/session.ts'
import { Kind } from '../../lib/wire/frame.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

class Flood extends Action {
  async action(_data: unknown, { emit, signal }: Context<string>) {
    while (!signal.aborted) await emit('x'.repeat(1_000))
  }
}

describe('A session', () => {
  let world: World
  let work: Work
  let server: Server
  let client: Client

  beforeEach(async () => {
    world = new World()
    work = new Work()
    server = await world.serve([work, new Flood()], { limits: { streamWindowBytes: 8 * 1_024 } })
    client = world.client()
    client.addActions({ ask: (data: unknown, context: Context) => work.action(data, context) })
    await client.connect()
  })

  afterEach(() => world.close())

  const core = (): Session => (server.sessions[0] as unknown as { core: Session }).core

  it('is busy from the first call of its peer to the answer of the last one', async () => {
    expect(core().isBusy).to.equal(false)
    const calls = [client.runAction(Work, 1), client.runAction(Work, 2)]
    await settle()
    expect(core().isBusy).to.equal(true)
    work.runs[0]?.finish()
    await settle()
    expect(core().isBusy).to.equal(true)
    work.runs[1]?.finish()
    await Promise.all(calls)
    expect(core().isBusy).to.equal(false)
  })

  it('is busy with calls of its own side, until they are settled', async () => {
    const call = server.sessions[0]?.runAction('ask', 1)
    await settle()
    expect(core().isBusy).to.equal(true)
    expect(core().runningCount).to.equal(0)
    work.run.finish()
    await call
    expect(core().isBusy).to.equal(false)
  })

  it('is busy with a handler whose caller gave up, until that has ended', async () => {
    const call = client.runAction(Work)
    await settle()
    call.cancel()
    await failureOf(call)
    await settle()
    expect(core().isBusy).to.equal(true)
    work.run.finish()
    await settle()
    expect(core().isBusy).to.equal(false)
  })

  it('is busy without a link too', async () => {
    const call = client.runAction(Work)
    await settle()
    world.network.setReachable('server', false)
    world.network.wire.cut('rst')
    await settle()
    expect(core().isAttached).to.equal(false)
    expect(core().isBusy).to.equal(true)
    world.network.setReachable('server', true)
    work.run.finish()
    await world.clock.until(call)
    expect(core().isBusy).to.equal(false)
  })

  it('is drained when what was answered has left, or nobody is there to take it', async () => {
    const call = client.runAction(Work)
    await settle()
    expect(core().isDrained).to.equal(false)
    const { wire } = world.network
    wire.block('down')
    work.run.finish('x'.repeat(300_000))
    await call
    // The link still holds it, as far as the server knows.
    expect(core().isDrained).to.equal(false)
    wire.drain('down')
    expect(core().isDrained).to.equal(true)
    wire.unblock('down')
  })

  it('has streams as wide as the narrower side wants, whichever that is', async () => {
    for (const [theirs, most] of [
      [4 * 1_024, 4],
      [64 * 1_024, 8],
    ] as const) {
      const limits = { ...defaultLimits, streamWindowBytes: theirs }
      const peer = await FramePeer.enter(world, ['Flood'], { limits })
      await peer.call(1_024)
      expect(peer.all(Kind.Item)).to.have.length(most)
      await peer.send({ kind: Kind.Bye, isClean: true })
      await peer.close()
    }
    expect(streamWindow({ streamWindowBytes: 5 }, undefined)).to.equal(5)
    expect(streamWindow({ streamWindowBytes: 5 }, { streamWindowBytes: 3 })).to.equal(3)
    expect(streamWindow({ streamWindowBytes: 3 }, { streamWindowBytes: 5 })).to.equal(3)
  })
})
