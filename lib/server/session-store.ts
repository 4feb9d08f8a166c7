// The sessions of a server: made, found again by those who can prove that they are theirs, and ended when their
// lease is over.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Identity } from '../action/context.ts'
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { BusyError, type IsockError, LinkError, ServerError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import type { LinkEnding } from '../link/frame-link.ts'
import type { SessionGrant } from '../session/session.ts'
import type { HelloFrame } from '../wire/frame.ts'
import { ClientNames } from './client-names.ts'
import { Departures } from './departures.ts'
import { drainedWithin, lastCallMs } from './drained.ts'
import type { SessionChange } from './feature.ts'
import type { ServerSession } from './server-session.ts'

/** 128 bits each: nobody finds one by trying. */
const idBytes = 16
const secretBytes = 32

export class SessionStore {
  readonly names = new ClientNames()
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #sessions = new Map<string, ServerSession>()
  /** Sessions without a link, with the end of their lease. All leases are equally long, so the first ends first. */
  readonly #detached = new Map<ServerSession, number>()
  readonly #leases: DeadlineSweep
  readonly #departures: Departures
  readonly #dismissals = new Set<Promise<void>>()
  readonly #onChange: (session: ServerSession, change: SessionChange) => void

  constructor(clock: Clock, limits: Limits, onChange: (session: ServerSession, change: SessionChange) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#onChange = onChange
    this.#leases = new DeadlineSweep(clock, this.#endLeases)
    this.#departures = new Departures(clock, limits.closedLinkGraceMs)
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

  /** The session that a HELLO asks to resume, if it exists, the secret is right and it is the same identity's. */
  resume(hello: HelloFrame, identity: Identity | undefined): ServerSession | undefined {
    if (hello.sessionId === undefined || hello.resumeSecret === undefined) return undefined
    const session = this.#sessions.get(hello.sessionId)
    const secret = session?.core.grant?.resumeSecret
    if (session === undefined || secret === undefined) return undefined
    const isOwner = hello.resumeSecret.length === secret.length && timingSafeEqual(hello.resumeSecret, secret)
    if (!isOwner || session.identity?.id !== identity?.id) return undefined
    this.#detached.delete(session)
    this.#departures.forget(session)
    // Of today: a role may have been taken, or a field changed, since it was here.
    session.identity = identity
    return session
  }

  /** The guards said again who the client of a session is, which has its link. */
  renewIdentity(id: string, identity: Identity | undefined): void {
    const session = this.#sessions.get(id)
    if (session === undefined || session.identity?.id !== identity?.id) return
    session.identity = identity
    this.#onChange(session, 'resumed')
  }

  /** Makes a session stand. Throws BusyError when there are too many and none can be spared, ClientError (`NAME_TAKEN`). */
  add(session: ServerSession, hello: HelloFrame): SessionGrant {
    this.names.requireFree(hello.name, session.identity)
    if (this.#sessions.size >= this.#limits.maxSessions && !this.#spareOne()) {
      throw new BusyError(`this server keeps ${this.#limits.maxSessions} sessions and can take no more`)
    }
    const id = randomBytes(idBytes).toString('hex')
    const grant = { id, resumeSecret: randomBytes(secretBytes), peerLimits: hello.limits }
    session.core.begin(grant)
    this.#sessions.set(id, session)
    return grant
  }

  /** The session has a link: its first, or another one. */
  attached(session: ServerSession, how: 'opened' | 'resumed'): void {
    this.#onChange(session, how)
  }

  /** The session has no link: from now on its lease runs. */
  detach(session: ServerSession, how: LinkEnding): void {
    if (this.#sessions.get(session.id) !== session) return
    const endsAtMs = this.#clock.now() + this.#limits.sessionLeaseMs
    this.#detached.set(session, endsAtMs)
    this.#leases.watch(endsAtMs)
    if (how === 'closed') this.#departures.left(session)
    this.#onChange(session, 'cut')
  }

  end(session: ServerSession, reason: IsockError, farewell: 'say bye' | 'silent' = 'silent'): Promise<void> {
    const wasKept = this.#forget(session)
    const ended = session.core.end(reason, farewell)
    if (wasKept) this.#onChange(session, 'ended')
    return ended
  }

  /** Ends a session that is not wanted any more: it is gone for all others now, and for its client when its handlers have ended. */
  dismiss(session: ServerSession, reason: IsockError): void {
    if (!this.#forget(session)) return
    const dismissal = this.#dismiss(session, reason).finally(() => this.#dismissals.delete(dismissal))
    this.#dismissals.add(dismissal)
    this.#onChange(session, 'ended')
  }

  /** Settles when the sessions that were dismissed are over. */
  async dismissed(): Promise<void> {
    await Promise.all(this.#dismissals)
  }

  close(): void {
    this.#leases.close()
    this.#departures.close()
  }

  /** Ends the session that has been without a link for longest and has nothing running. */
  #spareOne(): boolean {
    for (const session of this.#detached.keys()) {
      if (session.core.isBusy) continue
      void this.end(session, new LinkError('the session made room for others while it had no link'))
      return true
    }
    return false
  }

  async #dismiss(session: ServerSession, reason: IsockError): Promise<void> {
    // Not by the error itself: it claims that nothing has started.
    session.core.abortRunning(new ServerError(reason.message, { code: 'SESSION_ENDED' }))
    await drainedWithin(lastCallMs, () => [session], this.#clock)
    await session.core.end(reason, 'say why')
  }

  /** False: it was not kept any more. */
  #forget(session: ServerSession): boolean {
    this.#detached.delete(session)
    this.#departures.forget(session)
    this.names.release(session)
    return this.#sessions.get(session.id) === session && this.#sessions.delete(session.id)
  }

  readonly #endLeases = (nowMs: number): number => {
    for (const [session, endsAtMs] of this.#detached) {
      if (endsAtMs > nowMs) return endsAtMs
      void this.end(session, new LinkError(`the client did not come back within ${this.#limits.sessionLeaseMs} ms`))
    }
    return Number.POSITIVE_INFINITY
  }
}
