// The sessions of a server that are recorded in its store: those that have made a transactional or durable call, and those that were adopted. Keeps
// their rows up to date, and deletes the rows of sessions that are over.
//
//   first transactional call ──> inserted ──┬─> cut <──> resumed ──> ended: deleted
//   adopted: generation + 1 ────────────────╯                  ╰──> the server ends: released, for the next one
import { createHash, randomBytes } from 'node:crypto'
import type { ActionClass } from '../../../core/action/action-class.ts'
import type { Timer } from '../../../core/base/clock.ts'
import { BusyError, type IsockError, LinkError, ServerError } from '../../../core/base/errors.ts'
import { calendarNow } from '../../../core/base/platform-timers.ts'
import type { ServerKit, SessionChange } from '../../../core/server/feature.ts'
import type { ServerSession } from '../../../core/server/server-session.ts'
import type { SessionClaim, SessionKeeper } from '../../../core/server/session-keeper.ts'
import type { AdoptedCalls } from '../../../core/session/call-records.ts'
import type { Payload } from '../../../core/wire/bytes/payload.ts'
import { encodeThrown } from '../../../core/wire/encode-thrown.ts'
import { discreet } from '../../../core/wire/rich/discreet-error.ts'
import { StandardCodec, valueLimitsOf } from '../../../core/wire/value-codec.ts'
import { AnswerRows } from './answer-rows.ts'
import type { DurableStore } from './durable-store.ts'
import { KeyRows } from './key-rows.ts'
import { KeyedCalls } from './keyed-calls.ts'
import { ListedRows } from './listed-rows.ts'
import { type DurableCounts, type RecordsHome, SessionRecords } from './session-records.ts'
import { type SessionPlace, SessionRows } from './session-rows.ts'
import { SharedCommits } from './shared-commits.ts'

/** How often a server says that it lives, and looks for sessions that are over. */
const turnMs = 60_000
/** A server that was not seen for this long is gone, at least. */
const leastDeadMs = 5 * turnMs
/** In the place of Infinity: ten years. */
const longestLeaseMs = 315_360_000_000

const idForm = /^[0-9a-f]{32}$/

interface Kept extends SessionPlace {
  readonly records: SessionRecords
  /** What its row is to learn, in order. */
  tail: Promise<unknown>
  isReleased: boolean
}

export class KeptSessions implements SessionKeeper, RecordsHome {
  readonly answers: AnswerRows
  readonly commits: SharedCommits
  readonly keys: KeyRows
  readonly keyed: KeyedCalls
  /** For the operators of the server. */
  readonly listed: ListedRows
  readonly counts: DurableCounts = { commits: 0, replays: 0, adoptions: 0, unknowns: 0 }
  readonly #kit: ServerKit
  readonly #rows: SessionRows
  readonly #codec: StandardCodec
  readonly #leaseMs: number
  readonly #kept = new Map<ServerSession, Kept>()
  readonly #beginning = new Map<ServerSession, Promise<SessionRecords>>()
  /** Adopted ones whose links are not accepted yet, by id. */
  readonly #adopting = new Map<string, Kept & { readonly atMs: number }>()
  /** Since when each turn has reached the store. While it was away, the other servers could not say that they live. */
  #reachedSinceMs: number | undefined
  #timer: Timer | undefined
  #isStopped = false
  /** Work on rows of sessions that have ended. */
  readonly #endings = new Set<Promise<unknown>>()

  /** `keepKeysMs`: how long the answers of calls with a key are kept. */
  constructor(kit: ServerKit, store: DurableStore, keepKeysMs = 86_400_000) {
    this.#kit = kit
    const life = randomBytes(8).toString('hex')
    this.#rows = new SessionRows(store, life)
    this.listed = new ListedRows(store, life, leastDeadMs)
    this.answers = new AnswerRows(store)
    this.commits = new SharedCommits(store)
    this.keys = new KeyRows(store, keepKeysMs, leastDeadMs)
    this.keyed = new KeyedCalls(this.keys, kit.clock)
    this.#codec = new StandardCodec(kit.classes, valueLimitsOf(kit.limits))
    this.#leaseMs = Math.min(kit.limits.sessionLeaseMs, longestLeaseMs)
  }

  /** Rejects if the store cannot be written. */
  async start(): Promise<void> {
    await this.#rows.renew()
    await this.#turn()
  }

  /** Settles when all rows are up to date. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.settled()
    await this.#rows.leave().catch((error: unknown) => this.#report(error))
  }

  /** Settles when the rows have learnt what has happened so far. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all([...this.#endings, ...[...this.#kept.values()].map(({ tail }) => tail)])
  }

  /** The records of a session; a promise if its row must be written first. Rejects if that fails. */
  begin(session: ServerSession): SessionRecords | Promise<SessionRecords> {
    const kept = this.#kept.get(session)
    if (kept !== undefined) return kept.records
    let beginning = this.#beginning.get(session)
    if (beginning === undefined) {
      beginning = this.#begin(session).finally(() => this.#beginning.delete(session))
      this.#beginning.set(session, beginning)
    }
    return beginning
  }

  isKept(session: ServerSession): boolean {
    return this.#kept.has(session)
  }

  isOurs(session: ServerSession): Promise<boolean> {
    const kept = this.#kept.get(session)
    if (kept === undefined) return Promise.resolve(true)
    return this.#inOrder(kept, () => this.#rows.resumed(kept)).catch(refuse)
  }

  async adopt({ id, secret, identity }: SessionClaim): Promise<AdoptedCalls | undefined> {
    if (!idForm.test(id)) return undefined
    const adopted = await this.#rows.adopt(id, hashOf(secret), identity?.id, this.#leaseMs).catch(refuse)
    if (adopted === undefined) return undefined
    const { generation, slots: slotCount } = adopted
    const kept = await this.answers.sizes(id).catch(refuse)
    const records = new SessionRecords(this, { id, generation }, slotCount, kept)
    this.#adopting.set(id, {
      id,
      generation,
      records,
      tail: Promise.resolve(),
      isReleased: false,
      atMs: this.#kit.clock.now(),
    })
    this.counts.adoptions++
    return { slotCount, records }
  }

  async forget(session: ServerSession): Promise<void> {
    const kept = this.#kept.get(session)
    if (kept === undefined) return
    await this.#inOrder(kept, () => this.#rows.delete(kept)).catch(refuse)
    this.#kept.delete(session)
    session.core.onAcknowledged = undefined
  }

  release(session: ServerSession): void {
    const kept = this.#kept.get(session)
    if (kept !== undefined) kept.isReleased = true
  }

  changed(session: ServerSession, change: SessionChange): void {
    if (change === 'adopted') this.#onAdopted(session)
    const kept = this.#kept.get(session)
    if (kept === undefined) return
    if (change === 'cut') this.#later(kept, () => this.#rows.cut(kept))
    else if (change === 'adopted') this.#later(kept, () => this.#rows.resumed(kept))
    else if (change === 'ended') {
      this.#kept.delete(session)
      kept.records.isOver = true
      this.#later(kept, () => (kept.isReleased ? this.#rows.release(kept) : this.#rows.delete(kept)))
    }
  }

  kindOf(name: string): 'recorded' | 'idempotent' | 'other' {
    const action = this.#kit.findAction(name)
    if (action?.isTransactional === true || action?.isDurable === true) return 'recorded'
    const Class = (action?.instance?.constructor ?? action?.actionClass) as ActionClass | undefined
    return Class?.idempotent === true || action?.actionClass?.idempotent === true ? 'idempotent' : 'other'
  }

  encode(error: IsockError): Payload {
    return encodeThrown(this.#codec, discreet(error, this.#kit.classes))
  }

  get maxKeptBytes(): number {
    return this.#kit.limits.maxLedgerBytes
  }

  settling(work: Promise<unknown>): void {
    const done = work.catch(() => undefined).finally(() => this.#endings.delete(done))
    this.#endings.add(done)
  }

  onOver(records: SessionRecords): void {
    for (const [session, kept] of this.#kept)
      if (kept.records === records)
        this.#kit.dropSession(session, new LinkError('another server has adopted this session'))
  }

  async #begin(session: ServerSession): Promise<SessionRecords> {
    for (;;) {
      const { grant } = session.core
      if (grant === undefined || session.core.isEnded) throw sessionEnded()
      const { id, resumeSecret } = grant
      const slots = this.#kit.limits.maxCallsInFlight
      // Higher than that of any earlier row of this id: a server that had it then must not take it for its own.
      const generation = Math.floor(this.#kit.clock.wallNow?.() ?? calendarNow())
      const kept: Kept = {
        id,
        generation,
        records: new SessionRecords(this, { id, generation }, slots),
        tail: Promise.resolve(),
        isReleased: false,
      }
      const row = { ...kept, secretHash: hashOf(resumeSecret), identity: session.identity?.id, slots }
      await this.commits.add((run) => this.#rows.insert(run, row))
      // Another page of the client may have taken it over, with another secret.
      if (session.core.isEnded || session.core.grant?.resumeSecret !== resumeSecret) await this.#rows.delete(kept)
      else {
        this.#keep(session, kept)
        if (!session.isConnected) this.#later(kept, () => this.#rows.cut(kept))
        return kept.records
      }
    }
  }

  #keep(session: ServerSession, kept: Kept): void {
    this.#kept.set(session, kept)
    session.core.onAcknowledged = kept.records.onAcknowledged
  }

  #onAdopted(session: ServerSession): void {
    const kept = this.#adopting.get(session.id)
    this.#adopting.delete(session.id)
    if (kept !== undefined) this.#keep(session, kept)
  }

  #inOrder<T>(kept: Kept, work: () => Promise<T>): Promise<T> {
    const done = kept.tail.then(work)
    kept.tail = done.catch(() => undefined)
    return done
  }

  /** A row that does not learn it expires later, or earlier, and does no harm. */
  #later(kept: Kept, work: () => Promise<unknown>): void {
    const done = this.#inOrder(kept, work)
      .catch((error: unknown) => this.#report(error))
      .finally(() => this.#endings.delete(done))
    this.#endings.add(done)
  }

  async #turn(): Promise<void> {
    const nowMs = this.#kit.clock.now()
    // The links of some ended before they were accepted.
    for (const [id, { atMs }] of this.#adopting) if (nowMs - atMs > turnMs) this.#adopting.delete(id)
    try {
      await this.#rows.renew()
      this.#reachedSinceMs ??= nowMs
      const deadMs = Math.max(this.#leaseMs, leastDeadMs)
      const judges = nowMs - this.#reachedSinceMs >= deadMs
      await this.#rows.deleteExpired(this.#leaseMs, judges ? deadMs : undefined)
      await this.keys.deleteExpired()
    } catch (error) {
      this.#reachedSinceMs = undefined
      this.#report(error)
    }
    if (this.#isStopped) return
    this.#timer = this.#kit.clock.setTimer(() => void this.#turn(), turnMs)
  }

  #report(error: unknown): void {
    this.#kit.log.warn({ error }, 'the rows of sessions could not be updated')
  }
}

function hashOf(secret: Uint8Array): Uint8Array {
  return createHash('sha256').update(secret).digest()
}

/** Nobody can say whether the session exists: its client is to come back. */
function refuse(error: unknown): never {
  throw new BusyError(`the store of sessions did not answer: ${error instanceof Error ? error.message : String(error)}`)
}

function sessionEnded(): ServerError {
  return new ServerError('the session has ended', { code: 'SESSION_ENDED', notStarted: true })
}
