// One client against all others: whatever it hoards, what the server holds stays below its bound, and those who hold little
// keep what they have and get in. The attacks of load/attacks/ at a size of seconds. Who somebody is says a guard, and the
// address is one that all share, so that each identity stands for an address of its own.
import { expect } from 'chai'
import { Kind, type WelcomeFrame } from '../../lib/core/wire/frames/frame.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { Action, BusyError, type Context, Guard, type Limits, Server } from '../../lib/index.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Echo, Hold } from './arena-actions.ts'
import { callFrame, RawPeer } from './raw-peer.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const firstSeq = 1_024

/** Takes anybody at their word. */
class Name extends Guard<string> {
  check(name: string | undefined) {
    return name === undefined ? false : { id: name }
  }
}

class Blob extends Action {
  action(kibibytes: number): Uint8Array {
    return new Uint8Array(kibibytes * kibibyte)
  }
}

/** Has its data as long as it runs, which is until it is told to end. */
class Keep extends Action {
  static runs = 0

  async action(data: unknown[], { signal }: Context): Promise<number> {
    Keep.runs++
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    return data.length
  }
}

/** Heeds no signal. */
class Stubborn extends Action {
  static readonly running: (() => void)[] = []

  async action(): Promise<void> {
    await new Promise<void>((resolve) => Stubborn.running.push(resolve))
  }
}

const names = ['Echo', 'Hold', 'Blob', 'Keep', 'Stubborn']
const refs = { Echo: 0, Hold: 1, Blob: 2, Keep: 3, Stubborn: 4 }
const codec = new StandardCodec(new ClassRegistry())

/** A session, as its client can prove that it is its own. */
type Proof = Pick<WelcomeFrame, 'sessionId' | 'resumeSecret'>

describe('Hostile peers: shares', () => {
  let server: Server
  let peers: RawPeer[]

  beforeEach(() => {
    peers = []
    Keep.runs = 0
    Hold.aborted = 0
  })

  afterEach(async () => {
    for (const peer of peers) peer.close()
    for (const end of Stubborn.running.splice(0)) end()
    await server.shutdown({ graceMs: 0 })
  })

  async function serve(limits: Partial<Limits>): Promise<void> {
    server = new Server({ port: 0, limits, guards: [new Name()], sharedAddresses: ['loopback'] })
    for (const action of [new Echo(), new Hold(), new Blob(), new Keep(), new Stubborn()]) server.addAction(action)
    await server.listen()
  }

  async function enter(name: string, proof?: Proof): Promise<{ peer: RawPeer; welcome: WelcomeFrame }> {
    const peer = await RawPeer.connect(server.addresses[0] as string)
    peers.push(peer)
    const welcome = await peer.enter({ credentials: { Name: name }, ...proof })
    peer.introduce(...names)
    return { peer, welcome }
  }

  /** The link breaks; the session stays. */
  async function leave({ peer, welcome }: { peer: RawPeer; welcome: WelcomeFrame }): Promise<Proof> {
    peer.close()
    const { sessionId, resumeSecret } = welcome
    await waitFor(() => !server.sessions.some((session) => session.id === sessionId && session.isConnected))
    return { sessionId, resumeSecret }
  }

  /** Calls from so many different numbers on, with this data. */
  function call(peer: RawPeer, action: keyof typeof refs, count: number, data?: unknown): void {
    const frames = Array.from({ length: count }, (_, i) =>
      callFrame(firstSeq + i, { ref: refs[action], data: codec.encode(data, 'data') }),
    )
    peer.send(...frames)
  }

  async function isServed(name: string): Promise<void> {
    const { peer } = await enter(name)
    call(peer, 'Echo', 1, name)
    expect(await peer.result(firstSeq)).to.equal(name)
  }

  async function isRefused(name: string): Promise<void> {
    const { peer } = await enter(name)
    call(peer, 'Echo', 1, name)
    expect((await peer.failure(firstSeq)).frame.notStarted).to.equal(true)
  }

  it('the calls that it leaves behind when as many run as may make room for those of others, the oldest first', async () => {
    await serve({ maxRunningCalls: 8, closedLinkGraceMs: 600_000 })
    const proofs: Proof[] = []
    for (const name of ['one', 'two', 'three', 'four']) {
      const entered = await enter(name)
      const before = Keep.runs
      call(entered.peer, 'Keep', 2, [])
      await waitFor(() => Keep.runs === before + 2)
      proofs.push(await leave(entered))
    }
    await isRefused('honest')
    const isThere = ({ sessionId }: Proof): boolean => server.sessions.some(({ id }) => id === sessionId)
    await waitFor(() => !isThere(proofs[0] as Proof))
    expect(proofs.slice(1).every(isThere)).to.equal(true)
    expect(server.usage.shed).to.equal(1)
    await isServed('honest')
  })

  it('the calls that somebody with no more than a share left behind go on', async () => {
    await serve({ maxRunningCalls: 40, closedLinkGraceMs: 600_000 })
    const away = await enter('away')
    call(away.peer, 'Keep', 3, [])
    await waitFor(() => Keep.runs === 3)
    const proof = await leave(away)
    for (const [name, count] of [
      ['one', 20],
      ['two', 10],
      ['three', 5],
      ['four', 1],
      ['five', 1],
    ] as const) {
      const before = Keep.runs
      call((await enter(name)).peer, 'Keep', count, [])
      await waitFor(() => Keep.runs === before + count)
    }
    await isRefused('honest')
    await isServed('honest')
    expect(server.sessions.some(({ id }) => id === proof.sessionId)).to.equal(true)
    expect(server.usage.shed).to.equal(0)
  })

  /** As many calls run as may: 20 of one, the others have a fair share or little more. */
  async function fill(action: 'Keep' | 'Stubborn'): Promise<{ many: RawPeer; others: RawPeer[] }> {
    const runs = (): number => Keep.runs + Stubborn.running.length
    const peers: RawPeer[] = []
    for (const count of [20, 3, 10, 5, 1, 1]) {
      const { peer } = await enter(`number ${peers.length}`)
      const before = runs()
      call(peer, action, count, [])
      await waitFor(() => runs() === before + count)
      peers.push(peer)
    }
    const [many, ...others] = peers
    return { many: many as RawPeer, others }
  }

  it('where all are connected, the newest calls of the one with most make room, down to its share', async () => {
    await serve({ maxRunningCalls: 40 })
    const { many, others } = await fill('Keep')
    await isRefused('honest')
    await waitFor(() => many.all(Kind.Result).length === 15)
    expect(many.all(Kind.Result).map(({ seq }) => seq - firstSeq)).to.have.members(
      Array.from({ length: 15 }, (_, i) => 5 + i),
    )
    await isServed('honest')
    for (const peer of others) expect(peer.all(Kind.Result)).to.have.length(0)
    expect(server.sessions.filter(({ isConnected }) => isConnected)).to.have.length(8)
  })

  it('those of them that heed no signal are answered as having run, and count until they end', async () => {
    await serve({ maxRunningCalls: 40, cancelGraceMs: 20 })
    const { many } = await fill('Stubborn')
    await isRefused('honest')
    for (let i = 0; i < 15; i++) {
      const { error, frame } = await many.failure(firstSeq + 5 + i)
      expect(error).to.be.instanceOf(BusyError)
      expect(error.message).to.include('more than its share')
      expect(frame.notStarted).to.equal(false)
    }
    await isRefused('honest')
    for (const end of Stubborn.running.splice(0)) end()
    await isServed('honest')
    expect(many.all(Kind.Failure)).to.have.length(15)
  })

  it('the answers that it leaves behind make room for those of others', async () => {
    await serve({ maxHeldBytes: mebibyte })
    const ann = await enter('ann')
    call(ann.peer, 'Blob', 1, 8)
    await ann.peer.next(Kind.Result)
    const proof = await leave(ann)
    const left: Proof[] = []
    for (let i = 0; i < 12; i++) {
      const mallory = await enter('mallory')
      call(mallory.peer, 'Blob', 1, 128)
      await mallory.peer.next(Kind.Result)
      left.push(await leave(mallory))
      await waitFor(() => server.usage.heldBytes <= mebibyte)
    }
    const back = await enter('ann', proof)
    expect(back.welcome.resumed).to.equal(true)
    back.peer.call(firstSeq, { ref: refs.Blob, data: codec.encode(8, 'data') })
    expect(((await back.peer.result(firstSeq)) as Uint8Array).length).to.equal(8 * kibibyte)
    expect((await enter('mallory', left[0])).welcome.resumed).to.equal(false)
    expect(server.usage.shed).to.be.greaterThan(0)
  })

  it('what its data takes once it is decoded counts, and is shed', async () => {
    await serve({ maxHeldBytes: 4 * mebibyte })
    const data = Array.from({ length: 20_000 }, () => [])
    const { peer: mallory } = await enter('mallory')
    call(mallory, 'Keep', 1, data)
    await waitFor(() => Keep.runs === 1)
    expect(server.usage.held.calls).to.be.within(20_000 * 64, 2 * mebibyte)
    mallory.send(callFrame(firstSeq + 1, { ref: refs.Keep, data: codec.encode(data, 'data') }))
    await waitFor(() => Keep.runs === 2)
    for (let seq = firstSeq; seq < firstSeq + 2; seq++) mallory.send({ kind: Kind.Cancel, seq, reason: 0 })
    await mallory.next(Kind.Result, firstSeq + 1)
    expect(server.usage.held.calls).to.be.below(2 * kibibyte)
    const { peer: again } = await enter('mallory')
    call(again, 'Keep', 6, data)
    await again.closed()
    expect(server.usage.heldBytes).to.be.at.most(4 * mebibyte)
    await isServed('ann')
  })

  it('half frames on many links close those links', async () => {
    await serve({ maxHeldBytes: mebibyte })
    const part = Buffer.alloc(4 + 20 * kibibyte)
    part.writeUInt32BE(4 * mebibyte - 1)
    const links: RawPeer[] = []
    for (let i = 0; i < 8; i++) {
      const { peer } = await enter('mallory')
      peer.socket.write(part)
      links.push(peer)
    }
    await waitFor(() => links.filter((peer) => peer.isClosed).length >= 4)
    expect(server.usage.heldBytes).to.be.at.most(mebibyte)
    await isServed('ann')
  })

  it('a link that takes nothing of large answers is closed when they are too many for all', async () => {
    await serve({ maxHeldBytes: 8 * mebibyte })
    const { peer } = await enter('mallory')
    peer.socket.pause()
    call(peer, 'Blob', 20, 1_024)
    await waitFor(() => server.usage.shed > 0)
    await waitFor(() => server.usage.heldBytes <= 8 * mebibyte)
    await isServed('ann')
  })

  it('sessions without end take the places of its own', async () => {
    await serve({ maxSessions: 6 })
    const proof = await leave(await enter('ann'))
    for (let i = 0; i < 12; i++) await enter('mallory').catch(() => undefined)
    expect(server.usage.places['sessions']).to.deep.equal({ taken: 6, max: 6 })
    await isServed('bob')
    expect((await enter('ann', proof)).welcome.resumed).to.equal(true)
  })

  it('calls without end are refused before those of others are', async () => {
    await serve({ maxRunningCalls: 8 })
    const { peer } = await enter('mallory')
    call(peer, 'Hold', 7)
    const { error, frame } = await peer.failure(firstSeq + 6)
    expect(error).to.be.instanceOf(BusyError)
    expect(frame.notStarted).to.equal(true)
    expect(peer.all(Kind.Failure)).to.have.length(1)
    await isServed('ann')
  })

  it('calls that run on after its session is over count for it still', async () => {
    await serve({ maxRunningCalls: 8 })
    for (let i = 0; i < 3; i++) {
      const { peer } = await enter('mallory')
      call(peer, 'Stubborn', 2)
      await waitFor(() => Stubborn.running.length === (i + 1) * 2)
      peer.send({ kind: Kind.Bye, isClean: true })
      await peer.closed()
    }
    const { peer } = await enter('mallory')
    call(peer, 'Stubborn', 1)
    expect((await peer.failure(firstSeq)).error).to.be.instanceOf(BusyError)
    await isServed('ann')
  })
})
