// What a session says of itself: whether it is busy, how wide its streams are, and whether all has left.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { streamWindow } from '../../lib/core/session/outbound-stream.ts'
import { OutgoingCall } from '../../lib/core/session/outgoing-call.ts'
import { OutgoingCalls } from '../../lib/core/session/outgoing-calls.ts'
import type { Session } from '../../lib/core/session/session.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Client, type Context, type Server } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

class Flood extends Action {
  async action(_data: unknown, { emit, signal }: Context<string>) {
    while (!signal.aborted) await emit('x'.repeat(1_000))
  }
}

/** A call that nobody waits for. */
class Asked extends OutgoingCall {
  constructor() {
    const bounds = { retries: 0, timeoutMs: 1_000, deadlineAtMs: Number.POSITIVE_INFINITY, isDeadlineShared: false }
    super(
      { name: 'Work', addressee: 'Work', order: 1, contract: undefined, data: undefined, isIdempotent: false },
      bounds,
    )
  }
  onItemsOpened(): void {}
  onSettled(): void {}
  onRetry(): void {}
  onRefused(): boolean {
    return false
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

  it('says in its farewell whether all that was asked of it is answered', async () => {
    const peers = [await FramePeer.enter(world, ['Work']), await FramePeer.enter(world, ['Work'])] as const
    for (const peer of peers) await peer.call(1_024)
    work.runs[0]?.finish()
    await settle()
    expect(peers[0].results).to.have.length(1)
    await world.clock.until(server.shutdown({ graceMs: 0 }))
    expect(peers.map((peer) => peer.all(Kind.Bye).map(({ isClean }) => isClean))).to.deep.equal([[true], [false]])
    for (const peer of peers) await peer.close()
  })

  it('knows its peer, also between two links', async () => {
    const { description } = core().peer ?? {}
    expect(core().peer).to.include({ transport: 'memory', isPrivate: true })
    world.network.setReachable('server', false)
    world.network.wire.cut('rst')
    await settle()
    expect(core().isAttached).to.equal(false)
    expect(core().peer?.description).to.equal(description)
    world.network.setReachable('server', true)
  })

  it('is not busy with a call that it handed back before it was sent', () => {
    let changes = 0
    const without = { isAttached: false, isWritable: false, isSlow: false, send: () => undefined }
    const port = { ...without, linkNumber: 1, giveBack: () => undefined, origin: { session: '', address: '' } }
    const onBusyChange = () => void changes++
    const calls = new OutgoingCalls({ clock: world.clock, limits: defaultLimits, port, onBusyChange })
    const call = new Asked()
    calls.submit(call)
    expect([calls.openCount, changes]).to.deep.equal([1, 1])
    expect(calls.takeWaiting()).to.deep.equal([call])
    expect([calls.openCount, changes]).to.deep.equal([0, 2])
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
