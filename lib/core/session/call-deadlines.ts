// The deadlines of the calls that a ledger runs. Created with the first call that has one.
import type { Clock } from '../base/clock.ts'
import { DeadlineSweep } from '../base/deadline-sweep.ts'
import type { IsockError } from '../base/errors.ts'
import { CancelReason } from '../wire/frames/frame.ts'
import { cancelErrorFor } from './callee-errors.ts'
import type { IncomingCall } from './incoming-call.ts'
import type { LedgerCalls } from './life-signs.ts'

/** Gives up calls that are late. */
export interface LateCalls {
  readonly calls: LedgerCalls
  giveUp(call: IncomingCall, reason: IsockError): void
}

export class CallDeadlines {
  readonly #ledger: LateCalls
  readonly #sweep: DeadlineSweep

  constructor(clock: Clock, ledger: LateCalls) {
    this.#ledger = ledger
    this.#sweep = new DeadlineSweep(clock, this.#judge)
  }

  watch(deadlineAtMs: number): void {
    this.#sweep.watch(deadlineAtMs)
  }

  close(): void {
    this.#sweep.close()
  }

  readonly #judge = (nowMs: number): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#ledger.calls.all) {
      if (entry?.state !== 'running') continue
      if (entry.deadlineAtMs > nowMs) earliest = Math.min(earliest, entry.deadlineAtMs)
      else this.#ledger.giveUp(entry, cancelErrorFor(entry.name, CancelReason.Deadline))
    }
    return earliest
  }
}
