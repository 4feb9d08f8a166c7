// A client of several addresses: its session's secret stays with the address that granted it, and so does the client while
// that can give it the answers to what it asked there.
import { expect } from 'chai'
import { defaultLimits } from '../../lib/core/base/options.ts'
import { homeOnlyMs } from '../../lib/core/client/session-home.ts'
import { FrameLink } from '../../lib/core/link/frame-link.ts'
import type { Link } from '../../lib/core/link/link.ts'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { Feature, type HelloFrame, Kind, peerLimitsOf } from '../../lib/core/wire/frames/frame.ts'
import { OutcomeUnknownError, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, IdempotentWork, Work, World } from '../setup/world.ts'

class Retried extends IdempotentWork {}

describe('a session and the addresses of its client', () => {
  let world: World
  let atA: Work
  let atB: Work
  let retriedAtB: Retried
  let a: Server

  beforeEach(async () => {
    world = new World()
    atA = new Work()
    atB = new Work()
    retriedAtB = new Retried()
    a = await world.serve([atA, new Retried()], {}, 'a')
    await world.serve([atB, retriedAtB], {}, 'b')
  })

  afterEach(() => world.close())

  /** What each connection to this name presented, in their order. */
  function hellosTo(name: string): HelloFrame[] {
    return world.network.wires.filter((wire) => wire.name === name).flatMap((wire) => wire.sent(Kind.Hello, 'up'))
  }

  async function cut(name: string): Promise<void> {
    world.network.setReachable(name, false)
    for (const wire of world.network.wires) if (wire.name === name) wire.cut()
    await settle()
  }

  it('a secret is never shown to another address, also when its own one is gone for good', async () => {
    const client = world.client({ retry: 100 }, 'a', 'b')
    const lost = failureOf(client.runAction(Work, 'at a'))
    await settle()
    await cut('a')
    expect(await world.clock.until(lost)).to.be.instanceOf(OutcomeUnknownError)
    const call = client.runAction(Work, 'at b')
    await settle()
    atB.run.finish('b')
    expect(await call).to.equal('b')
    const [hello, ...more] = hellosTo('b')
    expect(more).to.have.length(0)
    expect(hello).to.include({ sessionId: undefined, resumeSecret: undefined })
  })

  it('but where the addresses share sessions, it is shown to the next one after a while, and to no one before', async () => {
    const client = world.client({ retry: 100, sharedSessions: true }, 'a', 'b')
    const lost = failureOf(client.runAction(Work, 'at a'))
    await settle()
    const { sessionId } = client
    await cut('a')
    await world.clock.advance(homeOnlyMs - 1_000)
    expect(hellosTo('b')).to.have.length(0)
    expect(await world.clock.until(lost)).to.be.instanceOf(OutcomeUnknownError)
    const [hello] = hellosTo('b')
    expect(hello?.sessionId).to.equal(sessionId)
    expect(hello?.resumeSecret).to.not.equal(undefined)
    expect(Number(hello?.features) & Feature.Adopted).to.equal(Feature.Adopted)
  })

  it('nor is it to the first one again after the session began at the second', async () => {
    const client = world.client({}, 'a', 'b')
    world.network.setReachable('a', false)
    await world.clock.until(client.connect())
    world.network.setReachable('a', true)
    await cut('b')
    const call = client.runAction(Work)
    await world.clock.advance(1_000)
    atA.run.finish()
    await call
    expect(hellosTo('a')).to.have.length(1)
    expect(hellosTo('a')[0]).to.include({ sessionId: undefined, resumeSecret: undefined })
  })

  it('the same address twice in the list is one', async () => {
    let failures = 0
    const dial = async (): Promise<Link> => {
      if (failures-- > 0) throw new Error('not at this moment')
      return world.network.dial('a')
    }
    const client = world.client({ keepConnected: true, dial }, 'a', 'a')
    await world.clock.until(client.connect())
    const { sessionId } = client
    failures = 1
    world.network.wire.cut()
    await world.clock.advance(1_000)
    expect(client.isConnected).to.equal(true)
    expect(client.sessionId).to.equal(sessionId)
  })

  it('waits for its address for as long as its calls outlive faults there, and gets their answers', async () => {
    const client = world.client({ retry: 0 }, 'a', 'b')
    const call = client.runAction(Work, 'sent', { retry: 100 })
    await world.clock.advance(2_000)
    const { sessionId } = client
    await cut('a')
    const later = client.runAction(Work, 'later')
    const connected = client.connect()
    await world.clock.advance(homeOnlyMs - 1_000)
    expect(hellosTo('b')).to.have.length(0)
    expect(world.network.dials.length, 'attempts').to.be.greaterThan(4)
    world.network.setReachable('a', true)
    await world.clock.advance(5_000)
    await connected
    expect(client.sessionId).to.equal(sessionId)
    expect(atA.runs).to.have.length(2)
    for (const run of atA.runs) run.finish(run.data)
    expect(await Promise.all([call, later])).to.deep.equal(['sent', 'later'])
  })

  it('waits likewise while the server waits for answers of the client', async () => {
    const atClient = new Work()
    const client = world.client({}, 'a', 'b')
    client.addAction(atClient)
    await world.clock.until(client.connect())
    const asked = a.sessions[0]?.runAction(Work, 'of the client')
    await world.clock.advance(2_000)
    await cut('a')
    await world.clock.advance(homeOnlyMs - 1_000)
    expect(hellosTo('b')).to.have.length(0)
    world.network.setReachable('a', true)
    await world.clock.advance(5_000)
    atClient.run.finish('still the same session')
    expect(await asked).to.equal('still the same session')
  })

  it('goes elsewhere after a bounded time, whatever its calls would outlive', async () => {
    const client = world.client({ retry: Number.POSITIVE_INFINITY }, 'a', 'b')
    const lost = failureOf(client.runAction(Work, 'sent'))
    await world.clock.advance(2_000)
    await cut('a')
    const later = client.runAction(Work, 'later')
    await world.clock.advance(homeOnlyMs + 5_000)
    expect(await lost).to.be.instanceOf(OutcomeUnknownError)
    atB.run.finish('elsewhere')
    expect(await later).to.equal('elsewhere')
  })

  it('goes elsewhere immediately with calls that may run again there', async () => {
    const client = world.client({ retry: 1 }, 'a', 'b')
    const call = client.runAction(Retried, 'idempotent')
    await world.clock.advance(2_000)
    await cut('a')
    expect(world.network.dials).to.deep.equal(['a', 'a', 'b'])
    retriedAtB.run.finish('b')
    expect(await call).to.equal('b')
  })

  it('keeps calls that may run again while it waits with others for its address', async () => {
    const client = world.client({ retry: 3 }, 'a', 'b')
    const calls = [client.runAction(Work), client.runAction(Retried, 'idempotent', { retry: 1 })] as const
    const lost = failureOf(calls[0])
    await world.clock.advance(2_000)
    await cut('a')
    expect(await world.clock.until(lost)).to.be.instanceOf(OutcomeUnknownError)
    await world.clock.advance(2_000)
    retriedAtB.run.finish('b')
    expect(await calls[1]).to.equal('b')
  })

  it('goes elsewhere immediately where nothing is under way', async () => {
    const client = world.client({}, 'a', 'b')
    await world.clock.until(client.connect())
    await world.clock.advance(2_000)
    await cut('a')
    const call = client.runAction(Work)
    await settle()
    expect(world.network.dials).to.deep.equal(['a', 'a', 'b'])
    atB.run.finish('b')
    expect(await call).to.equal('b')
  })

  it('a session whose server drains is resumed there, not at the address of the one that took its place', async () => {
    const client = world.client({ retry: 100 }, 'a', 'b')
    const call = client.runAction(Work, 'before')
    await settle()
    // Its listener stays: another process has taken it over, or this one resumes until it ends.
    const stopped = a.shutdown({ graceMs: 60_000, keepsAddresses: true })
    await settle()
    const next = client.runAction(Work, 'after')
    await settle()
    atB.run.finish('b')
    expect(await next).to.equal('b')
    for (const wire of world.network.wires) if (wire.name === 'a') wire.cut()
    await world.clock.advance(1_000)
    expect(hellosTo('b')).to.have.length(1)
    expect(world.network.dials.filter((name) => name === 'a').length).to.be.greaterThan(1)
    const third = client.runAction(Work, 'third')
    await settle()
    atB.runs[1]?.finish('b too')
    expect(await third).to.equal('b too')
    const outcome = call.outcome()
    await world.clock.until(stopped)
    await world.clock.until(outcome)
  })

  for (const [what, sessionId] of [
    ['a session that it was not asked for', undefined],
    ['a session by another id', 'f'.repeat(32)],
  ] as const) {
    it(`a server that claims to resume ${what} gets no call`, async () => {
      const got: number[] = []
      world.network.listen('liar', (link) => {
        const { clock } = world
        const frames = new FrameLink(link, { clock, limits: defaultLimits, slabs: new Slabs() })
        frames.open({
          onFrame: (frame) => {
            got.push(frame.kind)
            if (frame.kind !== Kind.Hello) return
            const session = { sessionId: sessionId ?? 'e'.repeat(32), resumeSecret: new Uint8Array(32), resumed: true }
            frames.send({
              kind: Kind.Welcome,
              version: 1,
              features: 0,
              limits: peerLimitsOf(defaultLimits),
              ...session,
            })
            frames.establish({ onFrame: ({ kind }) => got.push(kind), onLinkWritable() {}, onLinkEnd() {} })
          },
          onLinkWritable: () => undefined,
          onLinkEnd: () => undefined,
        })
      })
      const client = world.client({ retry: 1 }, 'liar', 'liar')
      const error = await world.clock.until(failureOf(client.runAction(IdempotentWork, 'private')))
      expect(error).to.include({ code: 'UNREACHABLE', notStarted: true })
      expect(error.message).to.include('memory:liar claims to resume a session that it was not asked for')
      expect(new Set(got)).to.deep.equal(new Set([Kind.Hello]))
    })
  }
})
