// The sessions of a server. Adds them, lets clients resume them with their secret, and ends them when their lease is over or
// others need the room.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { AccountSubject } from '../accounting/account.ts'
import type { Accounting } from '../accounting/accounting.ts'
import type { FairPlaces } from '../accounting/fair-places.ts'
import { placeBytes } from '../accounting/held.ts'
import type { Owner } from '../accounting/owner.ts'
import type { Identity } from '../action/context.ts'
import type { Clock } from '../base/clock.ts'
import { BusyError, type IsockError, LinkError, ServerError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import type { LinkEnding } from '../link/frame-sink.ts'
import type { Peer } from '../link/link.ts'
import type { AdoptedCalls } from '../session/call-records.ts'
import type { PeerTerms, SessionGrant } from '../session/session-grant.ts'
import { Feature, type HelloFrame } from '../wire/frames/frame.ts'
import { ClientNames } from './client-names.ts'
import { Departures } from './departures.ts'
import { drainedWithin, lastCallMs } from './drained.ts'
import type { SessionChange } from './feature.ts'
import { Leases } from './leases.ts'
import { RoomForCalls } from './room-for-calls.ts'
import { Secrets } from './secrets.ts'
import type { ServerSession } from './server-session.ts'
import type { SessionKeeper } from './session-keeper.ts'

/** 128 bits: too many to guess. */
const idBytes = 16

export class SessionStore {
  /** Makes room for the calls of addresses that have few, if others have many. */
  readonly roomForCalls: RoomForCalls
  readonly names = new ClientNames()
  /** Records sessions elsewhere, if a feature does. */
  keeper: SessionKeeper | undefined
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #accounting: Accounting
  readonly #places: FairPlaces
  readonly #sessions = new Map<string, ServerSession>()
  readonly #leases: Leases
  readonly #departures: Departures
  readonly #dismissals = new Set<Promise<void>>()
  readonly #secrets = new Secrets()
  readonly #onChange: (session: ServerSession, change: SessionChange) => void

  constructor(
    clock: Clock,
    limits: Limits,
    accounting: Accounting,
    onChange: (session: ServerSession, change: SessionChange) => void,
  ) {
    this.#clock = clock
    this.#limits = limits
    this.#accounting = accounting
    this.#places = accounting.places('sessions', limits.maxSessions)
    this.#onChange = onChange
    this.#leases = new Leases(clock, limits, this.#onLeaseOver)
    this.#departures = new Departures(clock, limits.closedLinkGraceMs)
    this.roomForCalls = new RoomForCalls({ clock, accounting, leases: this.#leases, sessions: this.#sessions })
  }

  get size(): number {
    return this.#sessions.size
  }

  all(): ServerSession[] {
    return [...this.#sessions.values()]
  }

  find(id: string): ServerSession | undefined {
    return this.#sessions.get(id)
  }

  /** The session that a HELLO may resume. Changes nothing. */
  resumable(hello: HelloFrame, identity: Identity | undefined): ServerSession | undefined {
    if (hello.sessionId === undefined || hello.resumeSecret === undefined) return undefined
    const session = this.#sessions.get(hello.sessionId)
    const secret = session?.core.grant?.resumeSecret
    if (session === undefined || secret === undefined) return undefined
    const isOwner = hello.resumeSecret.length === secret.length && timingSafeEqual(hello.resumeSecret, secret)
    return isOwner && session.identity?.id === identity?.id ? session : undefined
  }

  /** Resumes the session that a HELLO asks for, if it exists, the secret is right and the identity is the same. */
  resume(hello: HelloFrame, identity: Identity | undefined): ServerSession | undefined {
    const session = this.resumable(hello, identity)
    if (session === undefined) return undefined
    const isFresh = (hello.features & Feature.FreshCaller) !== 0
    if (isFresh && (hello.features & Feature.UnlessLinked) !== 0 && session.isConnected) return undefined
    if (isFresh) this.#handOver(session, termsOf(hello))
    this.#leases.end(session)
    this.#departures.forget(session)
    session.account?.wake()
    // The current identity: a role may have been revoked, or a field changed, since the last link.
    session.identity = identity
    return session
  }

  /** Called when the guards returned a changed identity for a connected session. */
  renewIdentity(id: string, identity: Identity | undefined): void {
    const session = this.#sessions.get(id)
    if (session === undefined || session.identity?.id !== identity?.id) return
    session.identity = identity
    this.#onChange(session, 'resumed')
  }

  /** Stores a new session, or one that another server had. Throws BusyError when there are too many and none can be evicted, ClientError (`NAME_TAKEN`). */
  add(session: ServerSession, hello: HelloFrame, peer: Peer, adopted?: AdoptedCalls): SessionGrant {
    this.names.requireFree(hello.name, session.identity)
    const account = this.#accounting.open(new SessionAccount(this, session, peer))
    if (!this.#places.take(account)) {
      account.close()
      throw new BusyError(`the server is at its limit of ${this.#limits.maxSessions} sessions`)
    }
    const { id, resumeSecret } = (adopted && grantOf(hello)) ?? this.#newGrant()
    const grant = { id, resumeSecret, ...termsOf(hello) }
    session.account = account
    session.wasAdopted = adopted !== undefined
    session.core.begin(grant, account, adopted)
    this.#sessions.set(id, session)
    return grant
  }

  /** Called when the session has a link: its first, or another one. */
  attached(session: ServerSession, how: 'opened' | 'resumed' | 'adopted'): void {
    if (how === 'resumed') this.#move(session)
    this.#onChange(session, how)
  }

  /** Called when the session lost its link: its lease begins. */
  detach(session: ServerSession, how: LinkEnding): void {
    if (this.#sessions.get(session.id) !== session) return
    this.#leases.begin(session)
    this.restIfIdle(session)
    if (how !== 'broken') this.#departures.left(session)
    this.#onChange(session, 'cut')
  }

  /** Marks a session without a link and without work as idle, so that it is evicted first. */
  restIfIdle(session: ServerSession): void {
    if (!session.core.isAttached && session.core.asked?.calls.isWorking !== true) session.account?.rest()
  }

  end(
    session: ServerSession,
    reason: IsockError,
    farewell: 'say bye' | 'say why' | 'silent' = 'silent',
  ): Promise<void> {
    const wasKept = this.#forget(session)
    const ended = session.finish(reason, farewell)
    if (wasKept) this.#onChange(session, 'ended')
    return ended
  }

  /** Ends a session on the program's request: immediately for everyone else, and for its client when its handlers have ended. */
  dismiss(session: ServerSession, reason: IsockError): void {
    if (!this.#forget(session)) return
    const dismissal = this.#dismiss(session, reason).finally(() => this.#dismissals.delete(dismissal))
    this.#dismissals.add(dismissal)
    this.#onChange(session, 'ended')
  }

  /** Settles when all dismissed sessions have ended. */
  async dismissed(): Promise<void> {
    await Promise.all(this.#dismissals)
  }

  close(): void {
    this.#leases.close()
    this.#departures.close()
  }

  /** Evicts a session because its room is needed; a connected client gets the reason. */
  shed(session: ServerSession, reason: IsockError): void {
    // A peer that does not read would keep the memory of what was written for it, the BYE included.
    if (!session.core.isWritable) session.core.dropLink(reason, 'abort')
    void this.end(session, reason, 'say bye')
  }

  /**
   * The client continues as another caller, with a secret that the former one does not know. If the former one still lives, because its
   * page was duplicated, it gets its own session when it comes back.
   */
  #handOver(session: ServerSession, terms: PeerTerms): void {
    const reason = new LinkError(
      'the client continues this session as another page, without the calls of the former one',
    )
    if (session.isConnected) {
      session.leaveLink(reason)
      // Before its subscriptions end: a session that lost its link stays present for a while.
      this.#onChange(session, 'cut')
    }
    session.core.restart({ id: session.id, resumeSecret: this.#secrets.next(), ...terms }, reason)
  }

  #newGrant(): Pick<SessionGrant, 'id' | 'resumeSecret'> {
    return { id: randomBytes(idBytes).toString('hex'), resumeSecret: this.#secrets.next() }
  }

  /** Updates the owner: the client may have come back from another address. */
  #move(session: ServerSession): void {
    const { account, peer } = session
    if (account === undefined || peer === undefined) return
    account.moveTo(ownerOf(session, peer))
    this.#places.moved(account)
  }

  async #dismiss(session: ServerSession, reason: IsockError): Promise<void> {
    // Not with the error itself: it claims that nothing has started.
    session.core.abortRunning(new ServerError(reason.message, { code: 'SESSION_ENDED' }))
    await drainedWithin(lastCallMs, () => [session], this.#clock)
    await session.finish(reason, 'say why')
  }

  /** False: it was not stored any more. */
  #forget(session: ServerSession): boolean {
    this.#leases.end(session)
    this.#departures.forget(session)
    this.names.release(session)
    const { account } = session
    if (account !== undefined) {
      this.#places.leave(account)
      account.close()
    }
    return this.#sessions.get(session.id) === session && this.#sessions.delete(session.id)
  }

  readonly #onLeaseOver = (session: ServerSession, afterMs: number): void => {
    void this.end(session, new LinkError(`the client did not come back within ${afterMs} ms`))
  }
}

/** The account subject of a session. */
class SessionAccount implements AccountSubject {
  readonly bytes = placeBytes.session
  readonly #store: SessionStore
  readonly #session: ServerSession
  readonly #peer: Peer

  constructor(store: SessionStore, session: ServerSession, peer: Peer) {
    this.#store = store
    this.#session = session
    this.#peer = peer
  }

  get owner(): Owner {
    return ownerOf(this.#session, this.#peer)
  }

  shed(reason: IsockError): void {
    this.#store.shed(this.#session, reason)
  }
}

/** The session that a HELLO names. */
function grantOf({ sessionId: id, resumeSecret }: HelloFrame): Pick<SessionGrant, 'id' | 'resumeSecret'> | undefined {
  return id === undefined || resumeSecret === undefined ? undefined : { id, resumeSecret }
}

function termsOf({ limits: peerLimits, features: peerFeatures }: HelloFrame): PeerTerms {
  return { peerLimits, peerFeatures }
}

function ownerOf({ identity }: ServerSession, { address }: Peer): Owner {
  return { address, identity: identity?.id }
}
