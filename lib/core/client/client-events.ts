// The events of a client.
import type { IsockError } from '../base/errors.ts'

/** The arguments of listeners, by event. */
export interface ClientEvents {
  /**
   * A server has admitted the client. `isResumed` is true if the former session continues with everything that runs in it or, at
   * first, that of the former page, see option `resume`.
   */
  readonly connect: { readonly address: string; readonly session: string; readonly isResumed: boolean }
  /** The link was lost, or the server has ended the session. */
  readonly disconnect: { readonly reason: IsockError }
  /** The client reconnects after a lost link or a failed attempt. `attempt` counts from 1 until it is connected. */
  readonly reconnecting: { readonly attempt: number; readonly reason: IsockError }
  /** `close()` was called. */
  readonly close: Readonly<Record<never, never>>
}

export const clientEvents = ['connect', 'disconnect', 'reconnecting', 'close'] as const
