// Asks guards again about the sessions that they let in, as often as they want (`revalidateEveryMs`): a session whose credentials are
// not good any more ends, and who its client is today replaces who it was. One timer for all sessions, and so many questions at once.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { AuthError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { settlesWithin } from '../base/settles-within.ts'
import { type Admitted, type Answer, type Judges, No, type Review } from './judges.ts'
import type { ServerSession } from './server-session.ts'
import type { SessionStore } from './session-store.ts'

/** A guard may ask a database. */
const mostAskedAtOnce = 64
/** A guard that failed is asked again after this part of its time, and counts as a no after so many of its times. */
const partUntilRetry = 0.25
const timesUntilNo = 2

export interface RevalidationOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly judges: Judges
  readonly store: SessionStore
  /** How long a guard may take. */
  readonly limitMs: number
}

/** One guard and one session. */
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

  /** Sessions that are asked about. */
  get count(): number {
    return this.#watched.size
  }

  /** The session was let in, or came back: what was asked about it before counts no more. */
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
    while (this.#askedCount < mostAskedAtOnce && this.#due.length > 0) void this.#askNext()
    return earliest
  }

  /** Until nothing is due. */
  async #askNext(): Promise<void> {
    this.#askedCount++
    for (let one = this.#due.shift(); one !== undefined; one = this.#due.shift()) {
      if (this.#isStanding(one)) await this.#ask(one)
    }
    this.#askedCount--
  }

  /** It was not asked anew since, by a client that came back, and its session has not ended. */
  #isStanding({ session, admitted }: Watched): boolean {
    return this.#watched.get(session)?.[0]?.admitted === admitted
  }

  async #ask(one: Watched): Promise<void> {
    const { clock, judges, limitMs } = this.#options
    const { admitted, review } = one
    let answer: Answer
    const asked = judges.ask(review.index, review.credential, admitted.visitor).then((given) => {
      answer = given
    })
    await settlesWithin(clock, asked, limitMs)
    if (!this.#isStanding(one)) return
    const nowMs = clock.now()
    if (answer === undefined && nowMs < one.answeredAtMs + timesUntilNo * review.everyMs) {
      this.#askLater(one, nowMs + review.everyMs * partUntilRetry)
      return
    }
    one.answeredAtMs = nowMs
    admitted.answers[review.index] = answer ?? new No(undefined)
    this.#judge(one)
    if (this.#isStanding(one)) this.#askLater(one, nowMs + review.everyMs)
  }

  #askLater(one: Watched, atMs: number): void {
    one.isAsked = false
    one.dueAtMs = atMs
    this.#sweeps.watch(atMs)
  }

  #judge({ session, admitted }: Watched): void {
    const { judges, store } = this.#options
    try {
      judges.require(admitted.answers)
    } catch (error) {
      const isReason = error instanceof AuthError
      if (!isReason) this.#options.log.error({ error }, 'judging a client again failed')
      const reason = isReason ? error.message : 'this server could not judge them'
      session.end(`its credentials are not accepted any more: ${reason}`)
      return
    }
    const { identity } = admitted
    if (identity?.id !== session.identity?.id) session.end('its credentials are of somebody else now')
    else if (!isDeepStrictEqual(identity, session.identity)) store.renewIdentity(session.id, identity)
  }
}
