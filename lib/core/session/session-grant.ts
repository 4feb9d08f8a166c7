// The start of a session, as a server grants it.
import type { PeerLimits } from '../wire/frames/frame.ts'

/** A granted session: its id, the secret that resumes it, and the limits of the peer. */
export interface SessionGrant {
  readonly id: string
  readonly resumeSecret: Uint8Array
  readonly peerLimits: PeerLimits
}
