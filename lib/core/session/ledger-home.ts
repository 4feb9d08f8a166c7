// What a ledger and its parts need of their session. The session implements it itself: separate objects and closures would take
// most of the memory of an idle session.
import type { Clock } from '../base/clock.ts'
import type { Limits } from '../base/options.ts'
import type { FramePort } from './frame-port.ts'
import type { Callee } from './session-owner.ts'

export interface LedgerHome extends FramePort {
  readonly clock: Clock
  readonly limits: Limits
  readonly callee: Callee
  /** Called when the caller has the answer of this call. */
  readonly onAcknowledged?: ((seq: number) => void) | undefined
  /** Called when the first call starts running, when the last one was answered, and when one was answered without a link. */
  onBusyChange(): void
}
