// How a session begins, as a server grants it.
import type { PeerLimits } from '../wire/frames/frame.ts'

/** What the server grants: the name of the session, the secret that resumes it, and what the peer will take. */
export interface SessionGrant {
  readonly id: string
  readonly resumeSecret: Uint8Array
  readonly peerLimits: PeerLimits
}
