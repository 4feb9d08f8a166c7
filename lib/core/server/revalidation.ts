// The revalidation of admitted sessions: asks guards again as often as they want (`revalidateEveryMs`). A session whose credentials
// are no longer valid ends, and a changed identity replaces the old one. One timer for all sessions, and bounded concurrency.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { AuthError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { settlesWithin } from '../base/settles-within.ts'
import { type Admitted, type Answer, type Authenticator, Denied, type Review } from './authenticator.ts'
import type { ServerSession } from './server-session.ts'
import type { SessionStore } from './session-store.ts'

/** Bounded, because a guard may query a database. */
const maxConcurrentChecks = 64
/** A failed guard is asked again after this fraction of its interval, and counts as a denial after this number of intervals. */
const partUntilRetry = 0.25
const timesUntilNo = 2

export interface RevalidationOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly authenticator: Authenticator
  readonly store: SessionStore
  /** The time limit for a guard. */
  readonly limitMs: number
}

/** One guard's watch over one session. */
interface Watched {
  readonly session: ServerSession
  readonly admitted: Admitted
  readonly review: Review
  dueAtMs: number
  answeredAtMs: number
  isAsked: boolean
}

export class Revalidation {
  readonly #options: RevalidationOptions
  readonly #watched = new Map<ServerSession, Watched[]>()
  readonly #sweeps: DeadlineSweep
  readonly #due: Watched[] = []
  #askedCount = 0
  #isClosed = false

  constructor(options: RevalidationOptions) {
    this.#options = options
    this.#sweeps = new DeadlineSweep(options.clock, this.#sweep)
  }

  /** The number of sessions being revalidated. */
  get count(): number {
    return this.#watched.size
  }

  /** Called when the session was admitted or resumed: replaces its former watches. */
  watch(session: ServerSession, admitted: Admitted): void {
    // A listener of new sessions may have ended it.
    const isKept = this.#options.store.find(session.id) === session
    if (admitted.reviews.length === 0 || !isKept || this.#isClosed) return
    const nowMs = this.#options.clock.now()
    const watched = admitted.reviews.map((review): Watched => {
      const dueAtMs = nowMs + review.everyMs
      this.#sweeps.watch(dueAtMs)
      return { session, admitted, review, dueAtMs, answeredAtMs: nowMs, isAsked: false }
    })
    this.#watched.set(session, watched)
  }

  forget(session: ServerSession): void {
    this.#watched.delete(session)
  }

  close(): void {
    this.#isClosed = true
    this.#watched.clear()
    this.#due.length = 0
    this.#sweeps.close()
  }

  readonly #sweep = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const watched of this.#watched.values())
      for (const one of watched) {
        if (one.isAsked) continue
        if (one.dueAtMs > nowMs) earliest = Math.min(earliest, one.dueAtMs)
        else {
          one.isAsked = true
          this.#due.push(one)
        }
      }
    while (this.#askedCount < maxConcurrentChecks && this.#due.length > 0) void this.#askNext()
    return earliest
  }

  /** Asks until nothing is due. */
  async #askNext(): Promise<void> {
    this.#askedCount++
    for (let one = this.#due.shift(); one !== undefined; one = this.#due.shift()) {
      if (this.#isCurrent(one)) await this.#ask(one)
    }
    this.#askedCount--
  }

  /** False once the session has ended, or was resumed and so is watched again. */
  #isCurrent({ session, admitted }: Watched): boolean {
    return this.#watched.get(session)?.[0]?.admitted === admitted
  }

  async #ask(one: Watched): Promise<void> {
    const { clock, authenticator, limitMs } = this.#options
    const { admitted, review } = one
    let answer: Answer
    const asked = authenticator.ask(review.index, review.credential, admitted.visitor).then((given) => {
      answer = given
    })
    await settlesWithin(clock, asked, limitMs)
    if (!this.#isCurrent(one)) return
    const nowMs = clock.now()
    if (answer === undefined && nowMs < one.answeredAtMs + timesUntilNo * review.everyMs) {
      this.#askLater(one, nowMs + review.everyMs * partUntilRetry)
      return
    }
    one.answeredAtMs = nowMs
    admitted.answers[review.index] = answer ?? new Denied(undefined)
    this.#apply(one)
    if (this.#isCurrent(one)) this.#askLater(one, nowMs + review.everyMs)
  }

  #askLater(one: Watched, atMs: number): void {
    one.isAsked = false
    one.dueAtMs = atMs
    this.#sweeps.watch(atMs)
  }

  #apply({ session, admitted }: Watched): void {
    const { authenticator, store } = this.#options
    try {
      authenticator.require(admitted.answers)
    } catch (error) {
      const isReason = error instanceof AuthError
      if (!isReason) this.#options.log.error({ error }, 'revalidating a client failed')
      const reason = isReason ? error.message : 'this server could not check them'
      session.end(`its credentials are not accepted any more: ${reason}`)
      return
    }
    const { identity } = admitted
    if (identity?.id !== session.identity?.id) session.end('its credentials now belong to another identity')
    else if (!isDeepStrictEqual(identity, session.identity)) store.renewIdentity(session.id, identity)
  }
}
