// Clients that closed their link without a word: their processes ended, or a proxy between was restarted. Those that are
// not back after a grace have gone, and the signals of their handlers abort. The session itself stays for its lease, with
// the answers that it keeps. A link that broke, by a reset or by silence, is the network's fault and begins no grace.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import { LinkError } from '../base/errors.ts'
import type { ServerSession } from './server-session.ts'

export class Departures {
  readonly #clock: Clock
  readonly #graceMs: number
  /** With the end of their grace. All graces are equally long, so the first ends first. */
  readonly #gone = new Map<ServerSession, number>()
  readonly #graces: DeadlineSweep

  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock
    this.#graceMs = graceMs
    this.#graces = new DeadlineSweep(clock, this.#endGraces)
  }

  /** Its client closed the link. Nothing new begins to run meanwhile, so that only what runs now matters. */
  left(session: ServerSession): void {
    if (session.core.runningCount === 0 || this.#graceMs === Number.POSITIVE_INFINITY) return
    const endsAtMs = this.#clock.now() + this.#graceMs
    this.#gone.set(session, endsAtMs)
    this.#graces.watch(endsAtMs)
  }

  /** It has a link again, or is over. */
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
      session.core.abortRunning(reason, 'what runs for one who is away')
    }
    return Number.POSITIVE_INFINITY
  }
}
