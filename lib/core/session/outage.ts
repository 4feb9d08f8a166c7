// An outage: the server of a session that may still live cannot be reached. Decides how long calls survive it. Patience is a time from the
// first failed attempt; a call with retries left survives longer. A call without retries has no patience. A link ends the outage.
import type { OutgoingCall } from './outgoing-call.ts'

interface Wait {
  readonly sinceMs: number
  failures: number
}

export class Outage {
  readonly #patienceMs: number
  readonly #waits = new WeakMap<OutgoingCall, Wait>()

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** Called when an attempt failed. Returns whether the call waits for another one. */
  outlives(call: OutgoingCall, nowMs: number): boolean {
    let wait = this.#waits.get(call)
    if (wait === undefined) {
      wait = { sinceMs: nowMs, failures: 0 }
      this.#waits.set(call, wait)
    }
    wait.failures++
    return call.retries > 0 && this.endOf(call) > nowMs
  }

  /** When the call fails if no attempt succeeds; Infinity: not while it has retries. */
  endOf(call: OutgoingCall): number {
    const wait = this.#waits.get(call)
    if (wait === undefined || wait.failures <= call.retries) return Number.POSITIVE_INFINITY
    return wait.sinceMs + this.#patienceMs
  }
}
