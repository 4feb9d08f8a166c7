// What the current link has shown: whether a call's next fault still belongs to the row of its former ones. An answer to a
// call, or to a later one, says that the callee has read it, and so does a link that has stood for long: it was not
// this call that broke the links before. Items and credits of the call itself are its own business.
import type { OutgoingCall } from './outgoing-call.ts'

export class LinkProgress {
  /** A link that stands for this long has been answered to: the heartbeat closes others. */
  readonly #longLifeMs: number
  #attachedAtMs = Number.POSITIVE_INFINITY
  /** The latest of the caller's calls that was answered over this link; -1: none. */
  #answeredUpTo = -1

  constructor(longLifeMs: number) {
    this.#longLifeMs = longLifeMs
  }

  /** A new link. */
  begin(nowMs: number): void {
    this.#attachedAtMs = nowMs
    this.#answeredUpTo = -1
  }

  answered(call: OutgoingCall): void {
    const { order } = call.request
    if (order > this.#answeredUpTo) this.#answeredUpTo = order
  }

  /** The link got the call over its former faults. */
  restores(call: OutgoingCall, nowMs: number): boolean {
    if (nowMs - this.#attachedAtMs >= this.#longLifeMs) return true
    return call.state === 'waiting' ? this.#answeredUpTo >= 0 : this.#answeredUpTo >= call.request.order
  }
}
