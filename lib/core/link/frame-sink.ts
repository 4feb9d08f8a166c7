// The callbacks of a frame link.
import type { IsockError } from '../base/errors.ts'
import type { Frame } from '../wire/frames/frame.ts'

/**
 * `closed`: the peer closed the link gracefully. `gone`: it did so because it is ending itself, such as a page that is left.
 * `broken`: the link failed, or this side closed it.
 */
export type LinkEnding = 'closed' | 'gone' | 'broken'

/** Receives the frames of a link. `onLinkEnd` is called exactly once, and last. */
export interface FrameSink {
  onFrame(frame: Frame): void
  /** Called when the first bytes are not a frame. Returns an answer to send before the link is closed, if any. */
  answerForeign?(bytes: Uint8Array): Uint8Array | undefined
  onLinkWritable(): void
  onLinkEnd(reason: IsockError, how: LinkEnding): void
}
