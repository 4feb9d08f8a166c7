// The leases of sessions: how long they outlive their links. An unused session has nothing to come back for, so its lease is
// short: a flood of empty sessions ends soon. The session of a page that was left has a short lease too.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import type { Limits } from '../base/options.ts'
import type { ServerSession } from './server-session.ts'

/** Leases of equal length, with their ends: the first to begin ends first. */
interface Kind {
  readonly leaseMs: number
  readonly endsAtMs: Map<ServerSession, number>
}

export class Leases {
  readonly #clock: Clock
  readonly #used: Kind
  readonly #unused: Kind
  readonly #leftPage: Kind
  readonly #sweep: DeadlineSweep
  readonly #onOver: (session: ServerSession, afterMs: number) => void

  constructor(
    clock: Clock,
    limits: Pick<Limits, 'sessionLeaseMs' | 'unusedSessionLeaseMs' | 'leftPageLeaseMs'>,
    onOver: (session: ServerSession, afterMs: number) => void,
  ) {
    const { sessionLeaseMs } = limits
    const kind = (leaseMs: number): Kind => ({ leaseMs: Math.min(leaseMs, sessionLeaseMs), endsAtMs: new Map() })
    this.#clock = clock
    this.#used = kind(sessionLeaseMs)
    this.#unused = kind(limits.unusedSessionLeaseMs)
    this.#leftPage = kind(limits.leftPageLeaseMs)
    this.#onOver = onOver
    this.#sweep = new DeadlineSweep(clock, this.#end)
  }

  /** Called when the session lost its link. */
  begin(session: ServerSession): void {
    const { leaseMs, endsAtMs } = this.#kindOf(session)
    const atMs = this.#clock.now() + leaseMs
    endsAtMs.set(session, atMs)
    this.#sweep.watch(atMs)
  }

  /** Called when it has a link again, or has ended. */
  end(session: ServerSession): void {
    for (const { endsAtMs } of this.#kinds) endsAtMs.delete(session)
  }

  /**
   * Of the disconnected sessions with running calls: the oldest one of the address with the most running calls, if more than `above`.
   * Those whose page was left come first.
   */
  oldestOfMostRunning(above: number): ServerSession | undefined {
    let found: ServerSession | undefined
    let most = above
    for (const { endsAtMs } of [this.#leftPage, this.#used])
      for (const session of endsAtMs.keys()) {
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

  get #kinds(): readonly Kind[] {
    return [this.#used, this.#unused, this.#leftPage]
  }

  #kindOf(session: ServerSession): Kind {
    // A session that was adopted has been used elsewhere, and what is recorded of it ends with it.
    const isUnused = session.core.isUnused && !session.wasAdopted
    const kind = isUnused ? this.#unused : this.#used
    return session.hasLeftPage && this.#leftPage.leaseMs < kind.leaseMs ? this.#leftPage : kind
  }

  readonly #end = (nowMs: number): number => Math.min(...this.#kinds.map((kind) => this.#endIn(kind, nowMs)))

  #endIn({ leaseMs, endsAtMs }: Kind, nowMs: number): number {
    for (const [session, atMs] of endsAtMs) {
      if (atMs > nowMs) return atMs
      endsAtMs.delete(session)
      this.#onOver(session, leaseMs)
    }
    return Number.POSITIVE_INFINITY
  }
}
