// What a client tells of its connection.
import type { IsockError } from '../base/errors.ts'

/** By event, what its listeners are given. */
export interface ClientEvents {
  /**
   * A server let us in. `isResumed`: it is the session of before, with all that ran in it; or, at first, that of
   * the page before, see option `resume`.
   */
  readonly connect: { readonly address: string; readonly session: string; readonly isResumed: boolean }
  /** The link is lost, or the server has ended the session. */
  readonly disconnect: { readonly reason: IsockError }
  /** It tries to connect once more: after a lost link, or an attempt that failed. `attempt`: from 1, until it is connected. */
  readonly reconnecting: { readonly attempt: number; readonly reason: IsockError }
  /** `close()` was called. */
  readonly close: Readonly<Record<never, never>>
}

export const clientEvents = ['connect', 'disconnect', 'reconnecting', 'close'] as const
