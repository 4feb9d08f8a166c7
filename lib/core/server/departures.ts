// The clients that closed their link without a BYE: their process ended, or a proxy was restarted. Those that do not return
// within a grace period count as gone, and the signals of their handlers abort. The session itself stays for its lease, with
// its kept answers. A link that failed, by a reset or by silence, is the network's fault and starts no grace period.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { LinkError } from '../base/errors.ts'
import type { ServerSession } from './server-session.ts'

export class Departures {
  readonly #clock: Clock
  readonly #graceMs: number
  /** The end of each grace period. All are equally long, so the first to begin ends first. */
  readonly #gone = new Map<ServerSession, number>()
  readonly #graces: DeadlineSweep

  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock
    this.#graceMs = graceMs
    this.#graces = new DeadlineSweep(clock, this.#endGraces)
  }

  /** Called when the client closed the link. Nothing new starts meanwhile, so only what runs now matters. */
  left(session: ServerSession): void {
    if (session.core.runningCount === 0 || this.#graceMs === Number.POSITIVE_INFINITY) return
    const endsAtMs = this.#clock.now() + this.#graceMs
    this.#gone.set(session, endsAtMs)
    this.#graces.watch(endsAtMs)
  }

  /** Called when the session has a link again, or has ended. */
  forget(session: ServerSession): void {
    if (this.#gone.delete(session) && this.#gone.size === 0) this.#graces.rest()
  }

  close(): void {
    this.#graces.close()
  }

  readonly #endGraces = (nowMs: number): number => {
    for (const [session, endsAtMs] of this.#gone) {
      if (endsAtMs > nowMs) return endsAtMs
      this.#gone.delete(session)
      const reason = new LinkError(`the client closed its link and did not come back within ${this.#graceMs} ms`)
      session.core.abortRunning(reason, 'what runs for an absent client')
    }
    return Number.POSITIVE_INFINITY
  }
}
