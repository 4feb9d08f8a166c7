// What a link that speaks frames tells its user.
import type { IsockError } from '../base/errors.ts'
import type { Frame } from '../wire/frames/frame.ts'

/**
 * The peer closed it in order; it did so because it went away itself, as a page does that is left; or anything else: it broke, or was
 * closed here.
 */
export type LinkEnding = 'closed' | 'gone' | 'broken'

/** Who takes the frames of a link. `onLinkEnd` comes exactly once, and last. */
export interface FrameSink {
  onFrame(frame: Frame): void
  /** What came in place of a first frame is no frame. Gives what to say before the link is closed, if anything. */
  answerForeign?(bytes: Uint8Array): Uint8Array | undefined
  onLinkWritable(): void
  /** 'closed' and 'gone': by the peer, in order. */
  onLinkEnd(reason: IsockError, how: LinkEnding): void
}
