// The action by which a client ends a daemon.
import { Action } from '../core/action/action.ts'
import { Refused } from '../core/action/refused.ts'
import { ServerError } from '../core/base/errors.ts'
import { describe } from '../core/base/options.ts'
import { requireTimeMs } from './bounds.ts'

export interface ShutdownRequest {
  /** The grace period for running calls, in milliseconds. Default: that of the daemon. */
  readonly graceMs?: number
}

/**
 * Ends a daemon once this call is answered and running calls have finished. Only clients accepted by a guard may run it: a daemon
 * without a token rejects it (`NOT_ALLOWED`).
 *
 * @example await client.runAction(Shutdown, { graceMs: 5_000 })
 */
export class Shutdown extends Action<ShutdownRequest | undefined, void> {
  static override actionName = 'isock.shutdown'
}

/** The daemon's side. */
export class RunShutdown extends Shutdown {
  static override actionName = Shutdown.actionName
  readonly #isGuarded: boolean
  readonly #stop: (graceMs: number | undefined) => void

  constructor(isGuarded: boolean, stop: (graceMs: number | undefined) => void) {
    super()
    this.#isGuarded = isGuarded
    this.#stop = stop
  }

  override action(request: ShutdownRequest | undefined): void {
    if (!this.#isGuarded) {
      const message = 'this daemon asks its clients for no credentials, so they may not end it; start it with a token'
      throw new Refused(new ServerError(message, { code: 'NOT_ALLOWED', notStarted: true }))
    }
    this.#stop(readGraceMs(request))
  }
}

/** Reads the grace period of an untrusted request. Throws the error for the client. */
export function readGraceMs(request: unknown): number | undefined {
  if (request === undefined || request === null) return undefined
  const { graceMs } = request as { graceMs?: unknown }
  if (graceMs === undefined) return undefined
  try {
    return requireTimeMs('graceMs', graceMs)
  } catch (cause) {
    const message = `expected { graceMs } to be milliseconds, got ${describe(graceMs)}`
    throw new Refused(new ServerError(message, { code: 'BAD_REQUEST', notStarted: true, cause }))
  }
}
