// The callbacks of a link that speaks frames.
import type { IsockError } from '../base/errors.ts'
import type { Frame } from '../wire/frames/frame.ts'

/**
 * `closed`: the peer closed it gracefully. `gone`: it did so because it ended itself, such as a page that was left. `broken`: anything
 * else; it failed, or was closed here.
 */
export type LinkEnding = 'closed' | 'gone' | 'broken'

/** Receives the frames of a link. `onLinkEnd` is called exactly once, and last. */
export interface FrameSink {
  onFrame(frame: Frame): void
  /** Called when the first bytes are not a frame. Returns an answer to send before the link is closed, if any. */
  answerForeign?(bytes: Uint8Array): Uint8Array | undefined
  onLinkWritable(): void
  /** `closed` and `gone`: by the peer, gracefully. */
  onLinkEnd(reason: IsockError, how: LinkEnding): void
}
