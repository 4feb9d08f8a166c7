// Whether the current link has made progress for a call, so that its next fault does not count in a row with the former ones. An
// answer to the call, or to a later one, shows that the callee has read it, and so does a link that has lasted for long: then
// this call did not break the former links. Leaves items and credits of the call itself to the call.
import type { OutgoingCall } from './outgoing-call.ts'

export class LinkProgress {
  /** A link that lasts for this long works: the heartbeat closes others. */
  readonly #longLifeMs: number
  #attachedAtMs = Number.POSITIVE_INFINITY
  /** The order of the latest call that was answered over this link; -1: none. */
  #answeredUpTo = -1

  constructor(longLifeMs: number) {
    this.#longLifeMs = longLifeMs
  }

  /** Called when there is a new link. */
  begin(nowMs: number): void {
    this.#attachedAtMs = nowMs
    this.#answeredUpTo = -1
  }

  answered(call: OutgoingCall): void {
    const { order } = call.request
    if (order > this.#answeredUpTo) this.#answeredUpTo = order
  }

  /** Whether the link has made progress for the call. */
  restores(call: OutgoingCall, nowMs: number): boolean {
    if (nowMs - this.#attachedAtMs >= this.#longLifeMs) return true
    return call.state === 'waiting' ? this.#answeredUpTo >= 0 : this.#answeredUpTo >= call.request.order
  }
}
