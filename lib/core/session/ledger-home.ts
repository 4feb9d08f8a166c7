// What a ledger and its parts need of their session. The session itself has it: an object and closures for each would be
// most of what an idle session takes.
import type { Clock } from '../base/clock.ts'
import type { Limits } from '../base/options.ts'
import type { FramePort } from './frame-port.ts'
import type { SessionOwner } from './session-owner.ts'

export interface LedgerHome extends FramePort {
  readonly clock: Clock
  readonly limits: Limits
  /** Runs calls, encodes errors, and says why no call is taken. */
  readonly owner: Pick<SessionOwner, 'startCall' | 'prepareForCalls' | 'encodeError' | 'refusal'>
  /** Called when the first call starts running, when the last one was answered, and when one was answered without a link. */
  onBusyChange(): void
}
