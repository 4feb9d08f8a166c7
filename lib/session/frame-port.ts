// What the halves of a session need of the session's current link. There may be none: then nothing is sent, and
// what matters is sent again when there is one.
import type { SessionFrame } from '../wire/frame.ts'

/** A session, and the address of its other side. */
export interface Origin {
  readonly session: string
  readonly address: string
}

export interface FramePort {
  /** By which session, with whom, answers come. */
  readonly origin: Origin
  /** A link is attached. */
  readonly isAttached: boolean
  /** Attached, and the peer takes what is written: streams and large results wait for this. */
  readonly isWritable: boolean
  /** Sends at the end of the tick; nothing happens without a link. */
  send(frame: SessionFrame): void
}
