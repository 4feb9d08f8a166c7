// A session that another server adopts: a feature gives it the session, with the answers that were recorded. What the records themselves are
// is proven in spec/data/durable/.
import { expect } from 'chai'
import type { ServerKit, SessionChange } from '../../lib/core/server/feature.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import type { SessionClaim, SessionKeeper } from '../../lib/core/server/session-keeper.ts'
import type { AdoptedCalls, CallRecords, RecordedAnswer } from '../../lib/core/session/call-records.ts'
import { type FailureFrame, Feature, Kind, type ResultFrame } from '../../lib/core/wire/frames/frame.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import {
  Action,
  BusyError,
  type Client,
  type Context,
  OutcomeUnknownError,
  type Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { FramePeer } from '../setup/frame-peer.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, IdempotentWork, itemsOf, Work, World } from '../setup/world.ts'

const codec = new StandardCodec(new ClassRegistry())

/** Its calls are recorded, by its name. */
class Recorded extends Work {}

/** The same for clients that know that it is transactional. */
class Upload extends Action<AsyncIterable<number>, number> {
  static override transactional = true
}

class VolatileUpload extends Action<AsyncIterable<number>, number> {}

class Items extends Action {
  async *action(count: number) {
    for (let i = 0; i < count; i++) yield i
    await new Promise(() => undefined)
  }
}

class IdempotentItems extends Items {
  static override idempotent = true
}

/** What outlives the servers of a spec: sessions, and answers by number. */
class Records {
  readonly sessions = new Map<string, { secret: Uint8Array; slots: number }>()
  readonly answers = new Map<number, RecordedAnswer>()
  readonly claims: SessionClaim[] = []
  readonly recorded: string[] = []
  readonly changes: SessionChange[] = []
  readonly forgotten: string[] = []
  readonly released: string[] = []
  areOurs = true
  areKept = true
  /** How often the records cannot be reached. */
  outages = 0
  /** What adopting and recording wait for. */
  gate: Promise<unknown> = Promise.resolve()
  recordGate: Promise<unknown> = Promise.resolve()
  session: ServerSession | undefined

  feature() {
    return {
      name: 'records',
      attach: (kit: ServerKit) => {
        kit.keepSessions(this.#keeper())
        return {
          onSessionChange: (session: ServerSession, change: SessionChange) => {
            this.changes.push(change)
            this.session = session
            const { grant } = session.core
            if (change === 'opened' && grant !== undefined)
              this.sessions.set(grant.id, { secret: grant.resumeSecret, slots: kit.limits.maxCallsInFlight })
          },
        }
      },
    }
  }

  value(seq: number, value: unknown, items: readonly unknown[] = []): void {
    const answer: ResultFrame = { kind: Kind.Result, seq, items: items.length, value: codec.encode(value, 'result') }
    this.answers.set(seq, { answer, items: items.map((item) => codec.encode(item, 'item')) })
  }

  #keeper(): SessionKeeper {
    return {
      isKept: () => this.areKept,
      isOurs: async () => this.areOurs,
      adopt: async (claim) => {
        this.claims.push(claim)
        await this.gate
        const found = this.sessions.get(claim.id)
        if (found === undefined || !Buffer.from(found.secret).equals(claim.secret)) return undefined
        const adopted: AdoptedCalls = { slotCount: found.slots, records: this.#calls() }
        return adopted
      },
      forget: async ({ id }) => void this.forgotten.push(id),
      release: ({ id }) => void this.released.push(id),
    }
  }

  #reach(): void {
    if (this.outages > 0 && this.outages-- > 0) throw new Error('the records are away')
  }

  #calls(): CallRecords {
    const kinds: Record<string, 'recorded' | 'idempotent'> = {
      Recorded: 'recorded',
      Upload: 'recorded',
      IdempotentWork: 'idempotent',
    }
    return {
      kindOf: (action) => kinds[action] ?? 'other',
      find: async (seq) => {
        this.#reach()
        return this.answers.get(seq)
      },
      record: async (seq, action, answer) => {
        this.#reach()
        this.recorded.push(`${action} ${seq} ${wordFor(answer)}`)
        await this.recordGate
        const known = this.answers.get(seq)
        if (known !== undefined) return known
        this.answers.set(seq, { answer, items: [] })
        return { answer, items: [] }
      },
    }
  }
}

function wordFor(answer: ResultFrame | FailureFrame): string {
  if (answer.kind === Kind.Result) return 'result'
  return answer.notStarted ? 'not started' : 'failure'
}

describe('an adopted session', () => {
  let world: World
  let records: Records
  let work: { recorded: Recorded; plain: Work; idempotent: IdempotentWork }
  let client: Client
  let server: Server

  beforeEach(async () => {
    world = new World()
    records = new Records()
    server = await serve()
    client = world.client()
    await client.connect()
    await settle()
  })

  afterEach(() => world.close())

  async function serve(options: ServerOptions = {}): Promise<Server> {
    work = { recorded: new Recorded(), plain: new Work(), idempotent: new IdempotentWork() }
    const actions = [work.recorded, work.plain, work.idempotent, new Items(), new IdempotentItems()]
    const served = await world.serve(actions, { features: [records.feature()], ...options })
    const upload = async (data: AsyncIterable<number>): Promise<number> => (await itemsOf(data)).length
    served.addActions({ Upload: upload, VolatileUpload: upload })
    return served
  }

  /** Another server in the place of the first, which does not end its sessions. */
  async function restart(options: ServerOptions = {}): Promise<void> {
    world.network.crash('server')
    await serve(options)
  }

  async function advance(ms = 1_000): Promise<void> {
    await world.clock.advance(ms)
  }

  it('keeps its id, has no state, and features hear of it', async () => {
    const { id } = records.session as ServerSession
    ;(records.session as ServerSession).state.set('cart', 3)
    const pending = client.runAction(Recorded)
    await settle()
    await restart()
    await advance()
    expect(records.session?.id).to.equal(id)
    expect(records.session?.state.size).to.equal(0)
    expect(records.changes.at(-1)).to.equal('adopted')
    work.recorded.run.finish('done')
    expect(await pending).to.equal('done')
  })

  it('replays an answer that was recorded, and does not run its call', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    const [run] = work.recorded.runs
    records.value(run?.context.callId as number, 'of the first server')
    await restart()
    await advance()
    expect(await pending).to.equal('of the first server')
    expect(work.recorded.runs).to.have.length(0)
  })

  it('replays items with the answer', async () => {
    const call = client.runAction<string>('Recorded')
    const items = itemsOf(call)
    await settle()
    records.value(work.recorded.run.context.callId, 'end', [1, 'two', { three: 3 }])
    await restart()
    await advance()
    expect(await items).to.deep.equal([1, 'two', { three: 3 }])
    expect(await call).to.equal('end')
  })

  it('replays more items than a window has, where their reader has had some', async () => {
    const call = client.runAction<string, number>('Recorded')
    const items = itemsOf(call)
    await settle()
    const { context } = work.recorded.run
    for (let i = 0; i < 300; i++) {
      void context.emit(i as never)
      if (i % 50 === 0) await advance(10)
    }
    await advance(100)
    const all = Array.from({ length: 700 }, (_, i) => i)
    records.value(context.callId, 'end', all)
    await restart()
    await advance(5_000)
    expect(await world.clock.until(items)).to.deep.equal(all)
    expect(await call).to.equal('end')
  })

  it('runs a recorded call that has no answer, and answers it when its answer is recorded', async () => {
    const pending = client.runAction(Recorded)
    let isAnswered = false
    pending.then(() => {
      isAnswered = true
    })
    await settle()
    const seq = work.recorded.run.context.callId
    await restart()
    await advance()
    let open: (value?: unknown) => void = () => undefined
    records.recordGate = new Promise((resolve) => {
      open = resolve
    })
    work.recorded.run.finish('again')
    await advance()
    expect(records.recorded).to.deep.equal([`Recorded ${seq} result`])
    expect(isAnswered).to.equal(false)
    open()
    await advance()
    expect(await pending).to.equal('again')
  })

  it('says that the outcome of any other call is unknown, and never runs it', async () => {
    const failed = failureOf(client.runAction(Work))
    await settle()
    await restart()
    const error = await world.clock.until(failed)
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    expect(work.plain.runs).to.have.length(0)
    expect(records.recorded).to.deep.equal([])
  })

  it('runs an idempotent call again', async () => {
    const pending = client.runAction(IdempotentWork)
    await settle()
    await restart()
    await advance()
    work.idempotent.run.finish('again')
    expect(await pending).to.equal('again')
  })

  it('runs a call again that only its client holds idempotent', async () => {
    const pending = client.runAction(Work, undefined, { idempotent: true })
    await settle()
    await restart()
    await advance()
    work.plain.run.finish('again')
    expect(await pending).to.equal('again')
  })

  it('runs calls that were never sent, and new ones, as always', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    await restart()
    const late = client.runAction(Work, 'late')
    await advance()
    work.plain.run.finish('late')
    work.recorded.run.finish('first')
    expect([await pending, await late]).to.deep.equal(['first', 'late'])
    const next = client.runAction(Work, 'next')
    await settle()
    work.plain.runs[1]?.finish('next')
    expect(await next).to.equal('next')
    expect(records.recorded).to.have.length(1)
  })

  it('records a refusal before it is sent, so that the call cannot run elsewhere afterwards', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    const seq = work.recorded.run.context.callId
    world.network.crash('server')
    // Its only place is taken by a call of another client.
    await serve({ limits: { maxRunningCalls: 1 } })
    const other = world.client()
    const blocking = other.runAction(Work)
    await advance(100)
    const holder = work.plain.run
    await advance(200)
    expect(records.recorded).to.deep.equal([`Recorded ${seq} not started`])
    holder.finish()
    await blocking
    await advance(5_000)
    work.recorded.run.finish('under another number')
    expect(await pending).to.equal('under another number')
  })

  it('waits for records that are away, to look for an answer', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    records.value(work.recorded.run.context.callId, 'of the former server')
    records.outages = 3
    await restart()
    await advance(2_000)
    expect(records.outages).to.equal(0)
    expect(await pending).to.equal('of the former server')
    expect(work.recorded.runs).to.deep.equal([])
  })

  it('waits for records that are away, to record an answer', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    await restart()
    await advance()
    records.outages = 3
    work.recorded.run.finish('late')
    await advance(2_000)
    expect(records.outages).to.equal(0)
    expect(await pending).to.equal('late')
  })

  it('waits for records that are away no longer than the call does', async () => {
    const failed = failureOf(client.runAction(Recorded, undefined, { timeoutMs: 5_000 }))
    await settle()
    records.outages = Number.POSITIVE_INFINITY
    await restart()
    await advance(6_000)
    expect(await failed).to.have.property('notStarted', false)
  })

  it('replays an answer that another server recorded while this one refused the call', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    const seq = work.recorded.run.context.callId
    world.network.crash('server')
    await serve({ limits: { maxRunningCalls: 1 } })
    let open: (value?: unknown) => void = () => undefined
    records.recordGate = new Promise((resolve) => {
      open = resolve
    })
    const other = world.client()
    const blocking = other.runAction(Work)
    await advance(300)
    expect(records.recorded).to.have.length(1)
    records.value(seq, 'committed by the first server')
    open()
    await advance()
    expect(await pending).to.equal('committed by the first server')
    work.plain.run.finish()
    await blocking
  })

  it('buries a call that was given up before anything answers it', async () => {
    const call = client.runAction(Recorded)
    const failed = failureOf(call)
    await settle()
    const seq = work.recorded.run.context.callId
    world.network.crash('server')
    await settle()
    call.cancel()
    await failed
    await serve()
    const other = client.runAction(Recorded)
    await advance()
    expect(records.recorded).to.deep.equal([` ${seq} not started`])
    work.recorded.run.finish('other')
    expect(await other).to.equal('other')
  })

  it('asks for the answer of a call whose input was fed', async () => {
    const answer = client.runAction(Upload, endless())
    await advance(50)
    records.value(1024, 7)
    await restart()
    expect(await world.clock.until(answer)).to.equal(7)
  })

  it('knows that nothing of a transactional call was kept whose input was fed, if it has no answer', async () => {
    const failed = failureOf(client.runAction(Upload, endless()))
    await advance(50)
    await restart()
    const error = await world.clock.until(failed)
    expect([error['code'], error['notStarted']]).to.deep.equal(['SHUTTING_DOWN', true])
    expect(records.recorded).to.deep.equal([' 1024 not started'])
  })

  it('does not know it of any other call', async () => {
    const failed = failureOf(client.runAction(VolatileUpload, endless()))
    await advance(50)
    await restart()
    expect(await world.clock.until(failed)).to.be.instanceOf(OutcomeUnknownError)
  })

  it('ends a stream of items, for its reader to begin another one', async () => {
    const call = client.runAction(IdempotentItems, 3)
    const failed = failureOf(itemsOf(call))
    await advance(50)
    await restart()
    expect(await world.clock.until(failed)).to.be.instanceOf(OutcomeUnknownError)
  })

  it('leaves the word to the server where items came of a call that is not idempotent', async () => {
    const call = client.runAction(Items, 3)
    const failed = failureOf(itemsOf(call))
    await advance(50)
    await restart()
    expect(await world.clock.until(failed)).to.be.instanceOf(OutcomeUnknownError)
    expect(client.isConnected).to.equal(true)
  })

  it('calls its client from the start: nothing is answered from the former server', async () => {
    const runs: unknown[] = []
    class Ask extends Action {
      action(data: unknown) {
        runs.push(data)
        return `answer to ${String(data)}`
      }
    }
    client.addAction(new Ask())
    expect(await world.clock.until((records.session as ServerSession).runAction(Ask, 'one'))).to.equal('answer to one')
    const pending = client.runAction(Recorded)
    await settle()
    await restart()
    await advance()
    const asked = (work.recorded.run.context as Context).client.runAction(Ask, 'two')
    expect(await world.clock.until(asked)).to.equal('answer to two')
    expect(runs).to.deep.equal(['one', 'two'])
    work.recorded.run.finish()
    await pending
  })

  it('counts with its own slots, whatever the server has', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    await restart({ limits: { maxCallsInFlight: 4 } })
    await advance()
    work.recorded.run.finish('done')
    expect(await pending).to.equal('done')
    const more = Array.from({ length: 8 }, (_, i) => client.runAction(IdempotentWork, i))
    await advance()
    expect(work.idempotent.runs).to.have.length(8)
    for (const run of work.idempotent.runs) run.finish(run.data)
    expect(await Promise.all(more)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('is adopted again where another server has had it meanwhile', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    const seq = work.recorded.run.context.callId
    records.areOurs = false
    records.value(seq, 'of the other server')
    for (const wire of world.network.wires) wire.cut()
    await advance()
    expect(records.claims).to.have.length(1)
    expect(await pending).to.equal('of the other server')
    expect(records.changes.slice(-2)).to.deep.equal(['ended', 'adopted'])
  })

  it('records nothing of its calls where it ends, so that the server that has it can answer them', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    await restart()
    await advance()
    const { run } = work.recorded
    records.areOurs = false
    for (const wire of world.network.wires) wire.cut()
    await advance()
    run.finish('at a server that does not have it any more')
    await advance()
    expect(records.recorded).to.deep.equal([])
    work.recorded.runs[1]?.finish('at the one that has it')
    expect(await pending).to.equal('at the one that has it')
  })

  it('records nothing where it ends either, if the records were away before', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    await restart()
    await advance()
    records.outages = 1
    work.recorded.run.finish('not recorded in time')
    await advance(1)
    expect(records.outages).to.equal(0)
    records.areOurs = false
    for (const wire of world.network.wires) wire.cut()
    await advance(150)
    expect(records.changes.slice(-2)).to.deep.equal(['ended', 'adopted'])
    await advance()
    expect(records.recorded).to.deep.equal([])
    work.recorded.runs[1]?.finish('at the one that has it')
    expect(await pending).to.equal('at the one that has it')
  })

  it('is resumed as always where it is still here', async () => {
    const pending = client.runAction(Work)
    await settle()
    for (const wire of world.network.wires) wire.cut()
    await advance()
    work.plain.run.finish('done')
    expect(await pending).to.equal('done')
    expect(records.claims).to.have.length(0)
    expect(records.changes.at(-1)).to.equal('resumed')
  })

  it('waits while nobody can say whether it exists', async () => {
    const pending = client.runAction(Recorded)
    await settle()
    records.gate = Promise.reject(new BusyError('the store is away'))
    records.gate.catch(() => undefined)
    await restart()
    await advance(3_000)
    expect(records.claims.length).to.be.greaterThan(1)
    expect(work.recorded.runs).to.have.length(0)
    records.gate = Promise.resolve()
    await advance(10_000)
    work.recorded.run.finish('later')
    expect(await pending).to.equal('later')
  })

  it('is asked for within the time of the handshake', async () => {
    records.gate = new Promise(() => undefined)
    await restart()
    const { grant } = (records.session as ServerSession).core
    const peer = await FramePeer.enter(world, [], {
      features: Feature.Adopted,
      sessionId: grant?.id,
      resumeSecret: grant?.resumeSecret,
    })
    await advance(4_900)
    expect(peer.endReason).to.equal(undefined)
    await advance(200)
    expect(peer.endReason?.message).to.equal('the peer aborted the link')
    expect(peer.all(Kind.Welcome)).to.have.length(0)
  })

  it('forgets a handler that has ended while its answer is recorded, though its caller gave it up', async () => {
    const { grant } = (records.session as ServerSession).core
    await restart({ limits: { maxCallsInFlight: 1 } })
    const peer = await FramePeer.enter(world, ['Recorded', 'Work'], {
      features: Feature.Adopted,
      sessionId: grant?.id,
      resumeSecret: grant?.resumeSecret,
    })
    let open: (value?: unknown) => void = () => undefined
    records.recordGate = new Promise((resolve) => {
      open = resolve
    })
    await peer.call(2048, { attempt: 2 })
    work.recorded.run.finish('done')
    await advance(10)
    await peer.send({ kind: Kind.Cancel, seq: 2048, reason: 0 })
    await advance(1_500)
    open()
    await advance(10)
    expect(peer.results).to.deep.equal([[2048, 'done']])
    // As many handlers as there are slots may go on after their calls were given up: none does.
    await peer.call(3072, { ref: 1 })
    await peer.send({ kind: Kind.Cancel, seq: 3072, reason: 0 })
    await advance(1_500)
    expect(peer.failures).to.deep.equal([[3072, 'CANCELLED', false]])
    await peer.close()
  })

  it('is not harmed by a client that claims to have had more items than there are', async () => {
    const { grant } = (records.session as ServerSession).core
    await restart()
    records.value(2048, 'end', [1, 2])
    const peer = await FramePeer.enter(world, ['Recorded'], {
      features: Feature.Adopted,
      sessionId: grant?.id,
      resumeSecret: grant?.resumeSecret,
    })
    await peer.send(
      { kind: Kind.Call, seq: 2048, ref: 0, attempt: 2, remainingMs: undefined, inputs: 0, data: undefined },
      { kind: Kind.Credit, seq: 2048, received: 1_000, granted: 2_000_000 },
    )
    await advance(100)
    expect(peer.results).to.deep.equal([[2048, 'end']])
    expect(peer.all(Kind.Item)).to.have.length(2)
    expect(peer.endReason).to.equal(undefined)
    await peer.close()
  })

  it('is not adopted for a client that did not offer it', async () => {
    await restart()
    const { grant } = (records.session as ServerSession).core
    const peer = await FramePeer.enter(world, [], { sessionId: grant?.id, resumeSecret: grant?.resumeSecret })
    expect([peer.welcome.resumed, peer.welcome.features]).to.deep.equal([false, 0])
    expect(records.claims).to.have.length(0)
    await peer.close()
  })

  it('says so in WELCOME, and never says BYE as clean', async () => {
    const { grant } = (records.session as ServerSession).core
    await restart()
    const peer = await FramePeer.enter(world, [], {
      features: Feature.Adopted,
      sessionId: grant?.id,
      resumeSecret: grant?.resumeSecret,
    })
    expect([peer.welcome.resumed, peer.welcome.features]).to.deep.equal([true, Feature.Adopted])
    expect(peer.welcome.sessionId).to.equal(grant?.id)
    records.areKept = false
    records.session?.end('enough')
    await advance()
    expect(peer.all(Kind.Bye).map(({ isClean }) => isClean)).to.deep.equal([false])
  })

  it('says so again, as long as nothing has come from its client, whose WELCOME may be lost', async () => {
    const { grant } = (records.session as ServerSession).core
    await restart()
    const again = () =>
      FramePeer.enter(world, [], {
        features: Feature.Adopted,
        sessionId: grant?.id,
        resumeSecret: grant?.resumeSecret,
      })
    const first = await again()
    await first.close()
    const second = await again()
    expect([first.welcome.features, second.welcome.features]).to.deep.equal([Feature.Adopted, Feature.Adopted])
    expect(records.released).to.deep.equal([grant?.id])
    await second.send({ kind: Kind.Ack, seqs: [] })
    await second.close()
    const third = await again()
    expect([third.welcome.resumed, third.welcome.features]).to.deep.equal([true, 0])
    expect(records.claims).to.have.length(2)
    await third.close()
  })

  it('has the lease of a used one without a link, though no call has come since', async () => {
    const { grant } = (records.session as ServerSession).core
    await restart()
    const enter = { features: Feature.Adopted, sessionId: grant?.id, resumeSecret: grant?.resumeSecret }
    const peer = await FramePeer.enter(world, [], enter)
    await peer.send({ kind: Kind.Ack, seqs: [] })
    await peer.close()
    // Longer than an unused session has.
    await advance(60_000)
    const again = await FramePeer.enter(world, [], enter)
    // Resumed here: it need not be adopted once more.
    expect([again.welcome.resumed, again.welcome.features]).to.deep.equal([true, 0])
    expect(records.claims).to.have.length(1)
    await again.close()
  })

  it('closes its link without BYE at a shutdown, so that the next server continues it', async () => {
    const { grant } = (records.session as ServerSession).core
    const peer = await FramePeer.enter(world, [], { sessionId: grant?.id, resumeSecret: grant?.resumeSecret })
    await world.clock.until(server.shutdown())
    expect(peer.all(Kind.Bye)).to.have.length(0)
    expect(peer.endReason).to.not.equal(undefined)
  })

  it('begins again, without its records, where a fresh caller resumes it', async () => {
    const { grant } = (records.session as ServerSession).core
    const peer = await FramePeer.enter(world, [], {
      features: Feature.FreshCaller,
      sessionId: grant?.id,
      resumeSecret: grant?.resumeSecret,
    })
    expect(records.forgotten).to.deep.equal([grant?.id])
    expect(peer.welcome.resumed).to.equal(true)
    await peer.close()
  })

  async function* endless(): AsyncGenerator<number> {
    yield 1
    await new Promise(() => undefined)
  }
})
