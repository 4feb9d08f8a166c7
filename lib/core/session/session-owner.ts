// What a session needs of its side, a server or a client: its options, its owner, and the callee that runs the peer's calls.
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

/** Runs the calls of the peer. */
export interface Callee {
  /** Runs a call. Must not throw. */
  startCall(call: IncomingCall): void
  /** Settles when calls can be started and errors encoded, if that takes time. Rejects if they never can. */
  prepareForCalls?(): Promise<void>
  encodeError(error: IsockError): Payload
  /** The reason why no call of the peer is currently accepted, if any. */
  refusal?(): IsockError | undefined
  /** Called while the session has no link: a call of the peer was answered, or the session became busy or idle. */
  onAnsweredAway?(): void
}

/** The owner of a session, on a server or a client. Learns what happens to its link. */
export interface SessionOwner {
  readonly callee: Callee
  onLinkLost(reason: IsockError, how: LinkEnding): void
  /** Called when the peer drains: it accepts no new calls. */
  onPeerDrains?(): void
  /**
   * Called when the peer has ended the session. `isClean`: the calls that it has not answered never started. After an error, the client
   * must not reconnect by itself.
   */
  onPeerLeft?(isClean: boolean, error: Payload | undefined): void
  /** Called when the first call opens, in either direction, and when the last one has ended. */
  onBusyChange?(isBusy: boolean): void
}
