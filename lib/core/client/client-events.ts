// The events of a client.
import type { IsockError } from '../base/errors.ts'

/** The argument of listeners, by event. */
export interface ClientEvents {
  /**
   * A server has admitted the client. `isResumed`: in the same session as before, with all that runs in it; or, the first time, in
   * the session of the former page, see option `resume`.
   */
  readonly connect: { readonly address: string; readonly session: string; readonly isResumed: boolean }
  /** The link was lost, or the server has ended the session. */
  readonly disconnect: { readonly reason: IsockError }
  /** The client tries to connect again, after a lost link or a failed attempt. `attempt` counts from 1 until it is connected. */
  readonly reconnecting: { readonly attempt: number; readonly reason: IsockError }
  /** `close()` was called. */
  readonly close: Readonly<Record<never, never>>
}

export const clientEvents = ['connect', 'disconnect', 'reconnecting', 'close'] as const
