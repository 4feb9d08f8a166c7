// What a session needs of the side that it belongs to.
import type { Clock } from '../base/clock.ts'
import type { IsockError } from '../base/errors.ts'
import type { Limits } from '../base/options.ts'
import type { LinkEnding } from '../link/frame-sink.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import type { IncomingCall } from './incoming-call.ts'

export interface SessionOptions {
  readonly clock: Clock
  readonly limits: Limits
}

/** What a session needs of its owner, a server or a client. */
export interface SessionOwner {
  /** Runs a call that the peer asked for. Must not throw. */
  startCall(call: IncomingCall): void
  /** Settles when it can start calls and encode errors, where that takes time; rejects where it never can. */
  prepareForCalls?(): Promise<void>
  encodeError(error: IsockError): Payload
  /** Why no call of the peer is taken at the moment, if so. */
  refusal(): IsockError | undefined
  /** While the session has no link, a call of the peer was answered, or calls are open or are not any more. */
  onAnsweredAway?(): void
  onLinkLost(reason: IsockError, how: LinkEnding): void
  /** The peer drains: it takes no new calls. */
  onPeerDrains?(): void
  /** The peer said that the session is over. Clean: what it has not answered never started. An error is final. */
  onPeerLeft?(isClean: boolean, error: Payload | undefined): void
  /** Calls are open in either direction, or none are. */
  onBusyChange?(isBusy: boolean): void
}
