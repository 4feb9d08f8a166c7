// What a ledger needs of its session.
import type { MeterSource } from '../accounting/meter.ts'
import type { Clock } from '../base/clock.ts'
import type { IsockError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import type { PeerLimits } from '../wire/frame.ts'
import type { Payload } from '../wire/payload.ts'
import type { FramePort } from './frame-port.ts'
import type { IncomingCall } from './incoming-call.ts'

export interface LedgerOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly peerLimits: PeerLimits
  /** Whom what is held counts for. */
  readonly account: MeterSource
  readonly port: FramePort
  /** Runs the call. Must not throw. */
  readonly startCall: (call: IncomingCall) => void
  /** Makes an error into what travels. */
  readonly encodeError: (error: IsockError) => Payload
  /** Why no call is taken at the moment, if so: a server that drains, for one. */
  readonly refusal: () => IsockError | undefined
  /** Called when the first call starts running, when the last one was answered, and when one was answered without a link. */
  readonly onBusyChange: () => void
}
