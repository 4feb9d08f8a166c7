// What the halves of a session need of the session's current link. There may be none: then nothing is sent, and
// what matters is sent again when there is one.
import type { Peer } from '../link/link.ts'
import type { SessionFrame } from '../wire/frame.ts'

export interface FramePort {
  /** The session's id; '' where there is none yet. */
  readonly id: string
  /** Who is at the other end of the current link, or was of the last one. */
  readonly peer: Peer | undefined
  /** A link is attached. */
  readonly isAttached: boolean
  /** Attached, and the peer takes what is written: streams and large results wait for this. */
  readonly isWritable: boolean
  /** Sends at the end of the tick; nothing happens without a link. */
  send(frame: SessionFrame): void
}
