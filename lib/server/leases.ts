// How long sessions outlive their links. One of which nothing was ever asked is nothing to come back for, so it has a short
// lease: a flood of empty sessions is over soon.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import type { Limits } from '../base/options.ts'
import type { ServerSession } from './server-session.ts'

export class Leases {
  readonly #clock: Clock
  readonly #limits: Pick<Limits, 'sessionLeaseMs' | 'unusedSessionLeaseMs'>
  /** With the end of their leases. Within each, all are equally long, so that the first ends first. */
  readonly #used = new Map<ServerSession, number>()
  readonly #unused = new Map<ServerSession, number>()
  readonly #sweep: DeadlineSweep
  readonly #onOver: (session: ServerSession, afterMs: number) => void

  constructor(
    clock: Clock,
    limits: Pick<Limits, 'sessionLeaseMs' | 'unusedSessionLeaseMs'>,
    onOver: (session: ServerSession, afterMs: number) => void,
  ) {
    this.#clock = clock
    this.#limits = limits
    this.#onOver = onOver
    this.#sweep = new DeadlineSweep(clock, this.#end)
  }

  /** The session has no link. */
  begin(session: ServerSession): void {
    const { isUnused } = session.core
    const endsAtMs = this.#clock.now() + (isUnused ? this.#unusedMs : this.#limits.sessionLeaseMs)
    const leases = isUnused ? this.#unused : this.#used
    leases.set(session, endsAtMs)
    this.#sweep.watch(endsAtMs)
  }

  /** It has a link again, or is over. */
  end(session: ServerSession): void {
    this.#used.delete(session)
    this.#unused.delete(session)
  }

  /** Of the sessions that are away while calls of theirs run: the oldest of the address with most such calls, above this. */
  oldestOfMostRunning(above: number): ServerSession | undefined {
    let found: ServerSession | undefined
    let most = above
    for (const session of this.#used.keys()) {
      const { running } = session.holder
      if (running <= most || session.core.runningCount === 0) continue
      found = session
      most = running
    }
    return found
  }

  close(): void {
    this.#sweep.close()
  }

  get #unusedMs(): number {
    return Math.min(this.#limits.unusedSessionLeaseMs, this.#limits.sessionLeaseMs)
  }

  readonly #end = (nowMs: number): number =>
    Math.min(
      this.#endIn(this.#used, this.#limits.sessionLeaseMs, nowMs),
      this.#endIn(this.#unused, this.#unusedMs, nowMs),
    )

  #endIn(leases: Map<ServerSession, number>, afterMs: number, nowMs: number): number {
    for (const [session, endsAtMs] of leases) {
      if (endsAtMs > nowMs) return endsAtMs
      leases.delete(session)
      this.#onOver(session, afterMs)
    }
    return Number.POSITIVE_INFINITY
  }
}
