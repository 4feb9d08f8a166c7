// The start of a session, as a server grants it.
import type { PeerLimits } from '../wire/frames/frame.ts'

/** What the peer has said of itself in the handshake. */
export interface PeerTerms {
  readonly peerLimits: PeerLimits
  /** Bits of `Feature`. */
  readonly peerFeatures: number
}

/** A granted session: its id, the secret that resumes it, and the terms of the peer. */
export interface SessionGrant extends PeerTerms {
  readonly id: string
  readonly resumeSecret: Uint8Array
}
