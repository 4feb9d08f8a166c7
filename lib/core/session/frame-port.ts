// What the halves of a session need of its current link. Without a link nothing is sent; what matters is resent over the next
// one.

import type { Payload } from '../wire/bytes/payload.ts'
import type { SessionFrame } from '../wire/frames/frame.ts'

/** A session, and the address of its other side. */
export interface Origin {
  readonly session: string
  readonly address: string
}

export interface FramePort {
  /** The session by which answers arrive, and its peer. */
  readonly origin: Origin
  /** Whether a link is attached. */
  readonly isAttached: boolean
  /** Whether a link is attached and takes more: streams and large results wait for this. */
  readonly isWritable: boolean
  /** Whether a frame has been in transit for seconds, in or out: a missing answer is then not the callee's silence. */
  readonly isSlow: boolean
  /** The number of the current or last link, from 1. */
  readonly linkNumber: number
  /** Releases a payload that was sent over the current link only. */
  giveBack(payload: Payload): void
  /** Sends at the end of the tick. No-op without a link. */
  send(frame: SessionFrame): void
}
