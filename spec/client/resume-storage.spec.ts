// A session that a storage takes over a page's reload: the new page goes on in it, and nothing of the two is confused.
import { expect } from 'chai'
import { StoredSessions } from '../../lib/core/client/stored-sessions.ts'
import type { Link } from '../../lib/core/link/link.ts'
import { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import { Feature, Kind } from '../../lib/core/wire/frames/frame.ts'
import {
  Action,
  Channel,
  type ChannelSession,
  Client,
  type ClientOptions,
  type Context,
  LinkError,
  type Member,
  OutcomeUnknownError,
  type ResumeStorage,
  type Server,
} from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, Work, World } from '../setup/world.ts'

const key = 'isock.session memory:server'
const endless = { timeoutMs: Number.POSITIVE_INFINITY }

class Memory extends Map<string, string> implements ResumeStorage {
  getItem(name: string): string | null {
    return this.get(name) ?? null
  }

  setItem(name: string, value: string): void {
    this.set(name, value)
  }

  removeItem(name: string): void {
    this.delete(name)
  }

  /** As the page writes it when it is left. */
  leave(): void {
    const entry = JSON.parse(this.get(key) ?? '{}')
    this.set(key, JSON.stringify({ ...entry, state: 'left' }))
  }
}

/** A page's way to the server, which ends with the page. */
class PageNetwork extends MemoryNetwork {
  readonly #world: World
  isGone = false

  constructor(world: World) {
    super()
    this.#world = world
  }

  override dial(name: string): Link {
    if (this.isGone) throw new LinkError('the page is gone')
    return this.#world.network.dial(name)
  }
}

class Who extends Action {
  action(_: undefined, { session }: Context): string {
    session.state.set('visits', Number(session.state.get('visits') ?? 0) + 1)
    return `${session.id} ${session.state.get('visits')}`
  }
}

class Ask extends Work {}

class Lobby extends Channel<string> {
  readonly heard: string[] = []

  override presenceOf({ id }: ChannelSession): string {
    return id
  }

  override onJoin({ info }: Member): void {
    this.heard.push(`join ${info}`)
  }

  override onLeave({ info }: Member): void {
    this.heard.push(`leave ${info}`)
  }
}

describe('A session that a storage keeps', () => {
  let world: World
  let server: Server
  let work: Work
  let lobby: Lobby
  let storage: Memory

  beforeEach(async () => {
    world = new World()
    work = new Work()
    lobby = new Lobby()
    storage = new Memory()
    server = await world.serve([work, new Who()])
    server.addChannel(lobby)
  })

  afterEach(async () => {
    for (const run of work.runs) run.finish()
    await world.close()
  })

  const open = (options: ClientOptions = {}) => {
    const network = new PageNetwork(world)
    return { client: world.client({ resume: storage, network, retry: 0, patienceMs: 0, ...options }), network }
  }
  type Page = ReturnType<typeof open>

  /** The page is gone, as the browser says it, or without a word. */
  const leave = async ({ network }: Page, how: 'gone' | 'rst' | 'stays linked' = 'gone') => {
    const { wire } = world.network
    network.isGone = true
    if (how === 'gone') storage.leave()
    if (how !== 'stays linked') wire.cut(how)
    await settle()
  }

  it('goes on in the page that is loaded next, with its state', async () => {
    const page = open()
    const [id] = (await world.clock.until(page.client.runAction(Who))).split(' ')
    const secret = storage.get(key)
    await leave(page)
    const { client } = open()
    const resumed: boolean[] = []
    client.on('connect', ({ isResumed }) => resumed.push(isResumed))
    expect(await world.clock.until(client.runAction(Who))).to.equal(`${id} 2`)
    expect([resumed, server.sessions.length]).to.deep.equal([[true], 1])
    expect(storage.get(key)).to.be.a('string').and.not.equal(secret)
  })

  it('has no old result for a call of the new page: each is a call of its own', async () => {
    const page = open()
    const first = page.client.runAction(Work, 'of the former page', endless)
    first.outcome()
    await settle()
    work.run.finish('old')
    await world.clock.until(first)
    await leave(page)
    const { client } = open()
    const second = client.runAction(Work, 'of the new page', endless)
    await settle()
    expect(work.runs.map(({ data }) => data)).to.deep.equal(['of the former page', 'of the new page'])
    work.runs[1]?.finish('new')
    expect(await world.clock.until(second)).to.equal('new')
  })

  it('ends what runs for the former page, and drops its answers', async () => {
    const page = open()
    page.client.runAction(Work, 1, endless).outcome()
    page.client.runAction(Work, 2, endless).outcome()
    await settle()
    await leave(page)
    const { client } = open()
    const call = client.runAction(Work, 3, endless)
    await settle()
    expect(work.runs.map(({ context }) => context.signal.aborted)).to.deep.equal([true, true, false])
    expect(work.runs[0]?.context.signal.reason).to.be.instanceOf(LinkError)
    // Late answers have the numbers of the new page's calls.
    work.runs[0]?.finish('late')
    work.runs[1]?.fail(new Error('late'))
    await settle()
    work.runs[2]?.finish('right')
    expect(await world.clock.until(call)).to.equal('right')
    expect(world.network.wire.sent(Kind.Result, 'down')).to.have.length(1)
    expect(world.network.wire.sent(Kind.Failure, 'down')).to.have.length(0)
  })

  it('holds nothing for the former page', async () => {
    const held = () => server.usage.held
    const page = open()
    await world.clock.until(page.client.connect())
    const before = held().calls
    const big = 'x'.repeat(100_000)
    page.client.runAction(Work, big, endless).outcome()
    page.client.runAction(Work, big, endless).outcome()
    await settle()
    work.runs[0]?.finish(big)
    await settle()
    expect(held().calls).to.be.above(100_000)
    await leave(page)
    await world.clock.until(open().client.connect())
    expect(held().calls).to.equal(before)
    work.runs[1]?.finish(big)
    await settle()
    expect([held().calls, held().answers]).to.deep.equal([before, 0])
  })

  it('makes the outcome of calls to the former page unknown', async () => {
    const page = open({ keepConnected: true })
    const asked = new Ask()
    page.client.addAction(asked)
    await world.clock.until(page.client.connect())
    const failure = failureOf(server.sessions[0]?.runAction(Ask, 'hi') as PromiseLike<unknown>)
    await settle()
    expect(asked.runs).to.have.length(1)
    await leave(page)
    const next = open({ keepConnected: true })
    const again = new Ask()
    next.client.addAction(again)
    await world.clock.until(next.client.connect())
    expect(await world.clock.until(failure)).to.be.instanceOf(OutcomeUnknownError)
    expect(again.runs).to.have.length(0)
    asked.run.finish()
    const call = server.sessions[0]?.runAction(Ask, 'anew') as PromiseLike<unknown>
    await settle()
    again.run.finish('well')
    expect(await world.clock.until(call)).to.equal('well')
  })

  for (const how of ['gone', 'stays linked'] as const) {
    it(`stays present, where the former page's link ${how === 'gone' ? 'has ended' : 'seems to stand'}`, async () => {
      const page = open()
      await world.clock.until(page.client.subscribe(Lobby).ready)
      const { id } = server.sessions[0] ?? {}
      await leave(page, how)
      storage.leave()
      await world.clock.advance(1_000)
      const { client } = open()
      const heard: string[] = []
      const subscription = client.subscribe(Lobby, (message) => void heard.push(message))
      await world.clock.until(subscription.ready)
      await world.clock.advance(60_000)
      expect(lobby.heard).to.deep.equal([`join ${id}`])
      await server.channel(Lobby).publish('hi')
      await settle()
      expect(heard).to.deep.equal(['hi'])
    })
  }

  it('is no longer present where the new page does not subscribe', async () => {
    const page = open()
    await world.clock.until(page.client.subscribe(Lobby).ready)
    const { id } = server.sessions[0] ?? {}
    await leave(page)
    await world.clock.until(open().client.connect())
    await world.clock.advance(9_999)
    expect(lobby.heard).to.deep.equal([`join ${id}`])
    await world.clock.advance(1)
    expect(lobby.heard).to.deep.equal([`join ${id}`, `leave ${id}`])
  })

  it('is replaced by a new one, silently, where it is gone', async () => {
    const page = open()
    const [id] = (await world.clock.until(page.client.runAction(Who))).split(' ')
    await leave(page)
    await world.clock.advance(20_000)
    expect(server.sessions).to.have.length(0)
    const [other] = (await world.clock.until(open().client.runAction(Who))).split(' ')
    expect(other)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(id)
  })

  it('is its own page’s while that is connected: a duplicated tab gets another one', async () => {
    const page = open()
    const [id] = (await world.clock.until(page.client.runAction(Who))).split(' ')
    const copied = new Memory(storage)
    const [other] = (await world.clock.until(open({ resume: copied }).client.runAction(Who))).split(' ')
    expect(other).to.not.equal(id)
    expect(await world.clock.until(page.client.runAction(Who))).to.equal(`${id} 2`)
    expect(world.network.wires).to.have.length(2)
  })

  it('is one page’s alone where a duplicated tab comes while the other one is away', async () => {
    const page = open({ retry: 10, patienceMs: 60_000 })
    const [id] = (await world.clock.until(page.client.runAction(Who))).split(' ')
    const call = failureOf(page.client.runAction(Work, 'of the first tab', endless))
    await settle()
    world.network.wire.cut('rst')
    const tab = open({ resume: new Memory(storage) })
    expect(await world.clock.until(tab.client.runAction(Who))).to.equal(`${id} 2`)
    // Its secret is not that of the session any more.
    const answer = await world.clock.until(page.client.runAction(Who))
    expect(answer)
      .to.match(/^[0-9a-f]{32} 1$/)
      .and.not.contain(id)
    expect(await world.clock.until(call)).to.be.instanceOf(OutcomeUnknownError)
    expect(work.run.context.signal.aborted).to.equal(true)
    expect(server.sessions).to.have.length(2)
  })

  it('is taken out of the storage by close()', async () => {
    const { client } = open()
    await world.clock.until(client.connect())
    expect([...storage.keys()]).to.deep.equal([key])
    await client.close()
    expect(storage.size).to.equal(0)
  })

  it('is asked for only at the address that it is of', async () => {
    await world.serve([new Who()], {}, 'other')
    const page = open()
    const [id] = (await world.clock.until(page.client.runAction(Who))).split(' ')
    await leave(page)
    const network = new PageNetwork(world)
    const client = world.client({ resume: storage, network }, 'other', 'server')
    expect(await world.clock.until(client.runAction(Who))).to.equal(`${id} 2`)
    expect(world.network.wires.filter(({ name }) => name === 'other')).to.have.length(0)
  })

  it('is not asked for by calls with other credentials', async () => {
    const { client } = open()
    const [id] = (await world.clock.until(client.runAction(Who))).split(' ')
    const entry = storage.get(key)
    const other = await world.clock.until(client.runAction(Who, undefined, { credentials: [] }))
    expect(other).to.not.contain(id)
    expect(storage.get(key)).to.equal(entry)
  })

  describe('in a storage', () => {
    const broken = (): never => {
      throw new DOMException('no room', 'QuotaExceededError')
    }
    const storages: Record<string, ClientOptions['resume']> = {
      'that throws': { getItem: broken, setItem: broken, removeItem: broken },
      'that is full': { getItem: () => null, setItem: broken, removeItem: () => undefined },
      'whose very name throws': broken,
      'with something else in it': new Memory([[key, 'not ours']]),
      'with another entry in it': new Memory([[key, '{"session":7,"secret":"x"}']]),
      'with null in it': new Memory([[key, 'null']]),
      'with a session that is none': new Memory([[key, '{"session":"x","secret":[1,2,999,"y"],"state":"left"}']]),
      'with a secret that is too long': new Memory([
        [key, JSON.stringify({ session: 'x', secret: Array(5_000).fill(0) })],
      ]),
    }
    for (const [name, resume] of Object.entries(storages)) {
      it(`${name}, costs the client nothing`, async () => {
        const warnings: unknown[] = []
        const log = { debug() {}, info() {}, error() {}, warn: (detail: unknown) => warnings.push(detail) }
        const { client } = open({ resume, log } as ClientOptions)
        expect(await world.clock.until(client.runAction(Who))).to.match(/ 1$/)
        expect(warnings).to.have.length.at.most(1)
        await client.close()
      })
    }

    it('that is none, is refused', () => {
      for (const resume of [{}, null, 'sessionStorage', { getItem: () => null }])
        expect(() => new Client('memory:x', { resume } as never), String(resume)).to.throw('option resume')
    })

    it('says that its page was left, once that is so', () => {
      const exits = new Set<() => void>()
      const onExit = (tell: () => void) => {
        exits.add(tell)
        return () => void exits.delete(tell)
      }
      const address = { transport: 'memory', name: 'server' } as const
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const options = { storage, addresses: [address], log, onExit }
      const stored = new StoredSessions(options)
      const peerLimits = { maxFrameBytes: 1, maxCallsInFlight: 1, streamWindowBytes: 1, maxInFlightBytes: 1 }
      const grant = { id: 'abc', resumeSecret: Uint8Array.of(1, 2), peerLimits, peerFeatures: 0 }
      stored.keep(address, grant)
      const found = () => new StoredSessions(options).find(address)
      expect(found()).to.deep.equal({ id: 'abc', resumeSecret: grant.resumeSecret, features: 3 })
      for (const exit of exits) exit()
      expect(found()?.features).to.equal(Feature.FreshCaller)
      stored.drop({ ...grant })
      expect([found()?.id, exits.size]).to.deep.equal(['abc', 1])
      stored.drop(grant)
      expect([found(), exits.size]).to.deep.equal([undefined, 0])
    })
  })

  describe('gives nobody more than a resume does', () => {
    it('without its secret, or with none', async () => {
      const owner = await FramePeer.enter(world, ['Work'])
      await owner.call(1024)
      const { sessionId, resumeSecret } = owner.welcome
      const features = Feature.FreshCaller
      for (const secret of [undefined, new Uint8Array(32), resumeSecret.subarray(1)]) {
        const other = await FramePeer.enter(world, [], { features, sessionId, resumeSecret: secret })
        expect(other.welcome).to.include({ resumed: false, features: 0 })
        expect(other.welcome.sessionId).to.not.equal(sessionId)
        await other.close()
      }
      expect([work.run.context.signal.aborted, owner.endReason]).to.deep.equal([false, undefined])
      await owner.close()
    })

    it('and the former secret opens nothing', async () => {
      const owner = await FramePeer.enter(world)
      const { sessionId, resumeSecret } = owner.welcome
      const next = await FramePeer.enter(world, [], { features: 1, sessionId, resumeSecret })
      expect(next.welcome).to.deep.include({ resumed: true, features: 1, sessionId })
      expect(owner.endReason).to.be.instanceOf(LinkError)
      for (const features of [0, 1, 3]) {
        const late = await FramePeer.enter(world, [], { features, sessionId, resumeSecret })
        expect(late.welcome.resumed).to.equal(false)
        await late.close()
      }
      await next.close()
    })

    it('however often it is asked for: its account does not grow', async () => {
      let peer = await FramePeer.enter(world, ['Work'])
      for (let round = 0; round < 50; round++) {
        await peer.call(1024, { data: 'x'.repeat(5_000) })
        const { sessionId, resumeSecret } = peer.welcome
        peer = await FramePeer.enter(world, ['Work'], { features: 1, sessionId, resumeSecret })
      }
      expect(server.usage.held.calls).to.be.below(5_000)
      expect(server.sessions).to.have.length(1)
      await peer.close()
    })
  })

  it('is not taken of a server that resumes it for the former caller', async () => {
    // An older one knows no fresh caller, and would take the new page's first calls for the former page's.
    const page = open()
    await world.clock.until(page.client.runAction(Who))
    await leave(page)
    let count = 0
    class Older extends PageNetwork {
      override dial(name: string): Link {
        const link = super.dial(name)
        const write = link.write.bind(link)
        // HELLO's features, behind the length, the head and kind of the array and the version.
        if (count++ === 0)
          link.write = (chunks) => {
            link.write = write
            const [hello] = chunks.map((chunk) => new Uint8Array(chunk)) as [Uint8Array]
            expect(hello[7]).to.equal(Feature.FreshCaller | Feature.Keys)
            hello[7] = 0
            return write([hello])
          }
        return link
      }
    }
    const client = world.client({ resume: storage, network: new Older(world) })
    expect(await world.clock.until(client.runAction(Who))).to.match(/ 1$/)
    expect(world.network.wires).to.have.length(3)
  })
})
