// The server of a session that may still live cannot be reached: how long calls outlive that. Patience is time, from the first attempt
// that failed; retries that are left outlast it. A call that is tried once has none. A link that stands ends the outage.
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

  /** An attempt failed. Whether the call waits for another one. */
  outlives(call: OutgoingCall, nowMs: number): boolean {
    let wait = this.#waits.get(call)
    if (wait === undefined) {
      wait = { sinceMs: nowMs, failures: 0 }
      this.#waits.set(call, wait)
    }
    wait.failures++
    return call.retries > 0 && this.endOf(call) > nowMs
  }

  /** When the call ends if no attempt succeeds; Infinity: not while it has retries. */
  endOf(call: OutgoingCall): number {
    const wait = this.#waits.get(call)
    if (wait === undefined || wait.failures <= call.retries) return Number.POSITIVE_INFINITY
    return wait.sinceMs + this.#patienceMs
  }
}
