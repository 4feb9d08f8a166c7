// Runs whose callers gave up and whose handlers do not end. JavaScript cannot stop a handler that waits for something, so after a
// grace its slot is given to another call. The handler still counts until it ends: in the session's load, in the server's
// number of running calls, and here, where at most one per slot is allowed. So a flood of cancels gains no more than that, and
// readers that leave idle streams never use up the slots of a session.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import type { IsockError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import { Kind } from '../wire/frames/frame.ts'
import type { IncomingCall } from './incoming-call.ts'
import type { ErrorEncoder } from './refusals.ts'
import type { RunLoad } from './run-load.ts'

export interface AbandonedCallsOptions {
  readonly clock: Clock
  readonly limits: Pick<Limits, 'cancelGraceMs' | 'maxCallsInFlight'>
  readonly callee: ErrorEncoder
}

export class AbandonedCalls {
  readonly #options: AbandonedCallsOptions
  readonly #load: RunLoad
  /** Calls that were given up and still have their slots, with the ends of their graces: the first to begin ends first. */
  readonly #givenUp = new Map<IncomingCall, number>()
  readonly #sweep: DeadlineSweep
  #count = 0

  /** `load`: where the handlers count until they end. */
  constructor(options: AbandonedCallsOptions, load: RunLoad) {
    this.#options = options
    this.#load = load
    this.#sweep = new DeadlineSweep(options.clock, this.#onGraceOver)
  }

  /**
   * Called when the caller gave the call up, or others need its slot: aborts it and starts its grace. It may have been aborted for
   * another reason before, with its items kept for a caller that might come back. Calling this again has no effect.
   */
  giveUp(call: IncomingCall, reason: IsockError): void {
    if (this.#givenUp.has(call)) return
    const { clock, limits } = this.#options
    const endsAtMs = clock.now() + limits.cancelGraceMs
    this.#givenUp.set(call, endsAtMs)
    this.#sweep.watch(endsAtMs)
    call.items?.cutOff()
    call.abort(reason)
  }

  /** Called when it was answered while it had its slot. */
  answered(call: IncomingCall): void {
    this.#givenUp.delete(call)
  }

  close(): void {
    this.#sweep.close()
    this.#givenUp.clear()
  }

  readonly #onGraceOver = (nowMs: number): number => {
    for (const [call, endsAtMs] of this.#givenUp) {
      if (endsAtMs > nowMs) return endsAtMs
      // The others wait until one of them ends.
      if (this.#count >= this.#options.limits.maxCallsInFlight) break
      this.#givenUp.delete(call)
      this.#abandon(call)
    }
    return Number.POSITIVE_INFINITY
  }

  #abandon(call: IncomingCall): void {
    const { seq, abortReason } = call
    const error = this.#options.callee.encodeError(abortReason as IsockError)
    this.#count++
    call.abandon({ kind: Kind.Failure, seq, items: call.items?.count ?? 0, notStarted: false, error }, () => {
      this.#count--
      this.#load.answered(call)
      if (this.#givenUp.size > 0) this.#sweep.watch(this.#options.clock.now())
    })
  }
}
