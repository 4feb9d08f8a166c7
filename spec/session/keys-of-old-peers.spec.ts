// Calls with an idempotency key, where the other side is too old to know keys: it would run them without, so it gets none.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { FrameLink } from '../../lib/core/link/frame-link.ts'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { Feature, type Frame, Kind, peerLimitsOf, type SessionFrame } from '../../lib/core/wire/frames/frame.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { ClientError, OutcomeUnknownError } from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const codec = new StandardCodec(new ClassRegistry())
const session = { sessionId: 'e'.repeat(32), resumeSecret: new Uint8Array(32) }

/** A server that a spec plays itself; its WELCOMEs have these features, in turn. */
class PlayedServer {
  readonly got: Frame[] = []
  #link: FrameLink | undefined

  constructor(world: World, welcomes: number[], name = 'server') {
    const { clock } = world
    world.network.listen(name, (link) => {
      const frames = new FrameLink(link, { clock, limits: defaultLimits, slabs: new Slabs() })
      this.#link = frames
      const onFrame = (frame: Frame): void => {
        this.got.push(frame)
        if (frame.kind !== Kind.Hello) return
        const features = welcomes.shift() ?? 0
        const resumed = frame.sessionId !== undefined && (features & Feature.Adopted) !== 0
        const limits = peerLimitsOf(defaultLimits)
        frames.send({ kind: Kind.Welcome, version: 1, features, limits, resumed, ...session })
        frames.establish(sink)
      }
      const sink = { onFrame, onLinkWritable: () => undefined, onLinkEnd: () => undefined }
      frames.open(sink)
    })
  }

  async answer(frame: SessionFrame): Promise<void> {
    this.#link?.send(frame)
    await settle()
  }

  kinds(...which: Frame['kind'][]): Frame['kind'][] {
    return this.got.map(({ kind }) => kind).filter((kind) => which.includes(kind))
  }
}

describe('a key, where the other side does not know keys', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  const value = (seq: number): SessionFrame => ({
    kind: Kind.Result,
    seq,
    items: 0,
    value: codec.encode('done', 'result'),
  })

  it('is refused before anything of its call is sent, and other calls are not', async () => {
    const server = new PlayedServer(world, [0])
    const client = world.client()
    const error = await failureOf(client.runAction(Work, 'private', { key: 'order 17' }))
    expect(error).to.be.instanceOf(ClientError)
    expect(error).to.include({ code: 'INVALID_USAGE', notStarted: true })
    expect(error.message).to.equal(
      'action "Work" was not sent: the other side is too old to keep idempotency keys; update it, or call without a key',
    )
    expect(server.got.map(({ kind }) => kind)).to.deep.equal([Kind.Hello])
    const other = client.runAction(Work, 'public')
    await settle()
    await server.answer(value(1024))
    expect(await other).to.equal('done')
  })

  it('is sent where it says that it does', async () => {
    const server = new PlayedServer(world, [Feature.Keys])
    const call = world.client().runAction(Work, 'x', { key: 'order 17' })
    await settle()
    await server.answer(value(1024))
    expect(await call).to.equal('done')
    const sent = server.got.find((frame) => frame.kind === Kind.Call)
    expect(sent).to.deep.include({ metadata: { 'isock.key': 'order 17' } })
  })

  it('is known of each server separately: a call that the former one may have run is unknown', async () => {
    const server = new PlayedServer(world, [Feature.Keys, 0])
    const lost = failureOf(world.client().runAction(Work, 'x', { key: 'order 17' }))
    await settle()
    for (const wire of world.network.wires) wire.cut()
    const error = await world.clock.until(lost)
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(error.message).to.include('too old to keep idempotency keys')
    expect(server.kinds(Kind.Hello, Kind.Call)).to.deep.equal([Kind.Hello, Kind.Call, Kind.Hello])
  })

  for (const [what, features, expected] of [
    ['is asked for the answer only', Feature.Adopted, Kind.Cancel],
    ['gets the call again, if it does', Feature.Adopted | Feature.Keys, Kind.Call],
  ] as const)
    it(`a server that adopts the session ${what}`, async () => {
      const server = new PlayedServer(world, [Feature.Keys, features])
      const call = world.client().runAction(Work, 'x', { key: 'order 17' })
      await settle()
      for (const wire of world.network.wires) wire.cut()
      await world.clock.advance(1_000)
      expect(server.kinds(Kind.Call, Kind.Cancel)).to.deep.equal([Kind.Call, expected])
      await server.answer(value(1024))
      expect(await call).to.equal('done')
    })

  it('is what clients ask for, and servers confirm to those that do', async () => {
    await world.serve([new Work()])
    await world.client().connect()
    const [hello] = world.network.wires.flatMap((wire) => wire.sent(Kind.Hello, 'up'))
    const [welcome] = world.network.wires.flatMap((wire) => wire.sent(Kind.Welcome, 'down'))
    expect([hello?.features, welcome?.features]).to.deep.equal([Feature.Keys, Feature.Keys])
    const old = await FramePeer.enter(world)
    expect(old.welcome.features).to.equal(0)
    await old.close()
  })

  for (const [what, features, isSent] of [
    ['an older client', 0, false],
    ['a client that knows them', Feature.Keys, true],
  ] as const)
    it(`a server's call with a key to ${what} is ${isSent ? '' : 'not '}sent`, async () => {
      const server = await world.serve([])
      const peer = await FramePeer.enter(world, [], { features })
      const { sessionId } = peer.welcome
      const caller = server.sessions.find(({ id }) => id === sessionId)
      const failed = failureOf(caller?.runAction('Work', 1, { key: 'order 17' }) ?? Promise.resolve())
      await settle()
      expect(peer.all(Kind.Call)).to.have.length(isSent ? 1 : 0)
      await peer.close()
      await server.shutdown({ graceMs: 0 })
      expect(await failed).to.be.instanceOf(isSent ? OutcomeUnknownError : ClientError)
    })
})
