// The signals that calls of one client follow: one listener for each signal, however many calls follow it, and none when
// these are over.
import type { PendingCall } from './pending-call.ts'

interface Followed {
  readonly calls: Set<PendingCall>
  readonly onAbort: () => void
}

export class FollowedSignals {
  readonly #bySignal = new WeakMap<AbortSignal, Followed>()

  /** Cancels the call when the signal aborts, and stops listening when the call is over. */
  follow(signal: AbortSignal, call: PendingCall): void {
    if (!call.isOpen) return
    const { calls } = this.#bySignal.get(signal) ?? this.#listen(signal)
    if (calls.has(call)) return
    calls.add(call)
    call.whenDone(() => this.#forget(signal, call))
  }

  #listen(signal: AbortSignal): Followed {
    const calls = new Set<PendingCall>()
    const onAbort = (): void => {
      for (const call of calls) call.cancel('its signal was aborted', signal.reason)
    }
    const followed = { calls, onAbort }
    this.#bySignal.set(signal, followed)
    signal.addEventListener('abort', onAbort, { once: true })
    return followed
  }

  #forget(signal: AbortSignal, call: PendingCall): void {
    const followed = this.#bySignal.get(signal)
    if (!followed?.calls.delete(call) || followed.calls.size > 0) return
    this.#bySignal.delete(signal)
    signal.removeEventListener('abort', followed.onAbort)
  }
}
