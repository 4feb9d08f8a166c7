// What the halves of a session need of the session's current link. There may be none: then nothing is sent, and
// what matters is sent again when there is one.

import type { Payload } from '../wire/bytes/payload.ts'
import type { SessionFrame } from '../wire/frames/frame.ts'

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
  /** A frame has been on its way for seconds, in or out: that an answer has not come is not its callee's silence. */
  readonly isSlow: boolean
  /** The number of the current link, or of the last one: from 1. */
  readonly linkNumber: number
  /** What was sent over the current link and no other is not needed any more. */
  giveBack(payload: Payload): void
  /** Sends at the end of the tick; nothing happens without a link. */
  send(frame: SessionFrame): void
}
