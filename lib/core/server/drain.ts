// The end of a server: running calls finish, answers leave, then every session is told and closed.
import type { Clock } from '../base/clock.ts'
import { CancelledError, ServerError } from '../base/errors.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { requirePositive } from '../base/options.ts'
import { drainedWithin, lastCallMs } from './drained.ts'
import type { ServerSession } from './server-session.ts'
import type { SessionStore } from './session-store.ts'

export interface DrainOptions {
  /** How long running calls may take to finish, in milliseconds. Default 10 000. */
  readonly graceMs?: number
  /** Another process listens at these sockets too: leave the paths of Unix sockets where they are. Default false. */
  readonly keepsAddresses?: boolean
}

const drainOptions: OptionTable<DrainOptions> = { graceMs: 'any', keepsAddresses: 'any' }

export const defaultGraceMs = 10_000

/** Throws ClientError (`INVALID_OPTION`). */
export function checkDrainOptions(options: DrainOptions): void {
  checkOptions('shutdown', options, drainOptions)
  const { graceMs = defaultGraceMs } = options
  if (graceMs !== 0) requirePositive('graceMs', graceMs)
}

/** Settles when every session is over. */
export async function drain(store: SessionStore, clock: Clock, graceMs: number): Promise<void> {
  for (const session of store.all()) session.core.sayDrain()
  const all = (): readonly ServerSession[] => store.all()
  if (!(await drainedWithin(graceMs, all, clock))) {
    const reason = new CancelledError('the server is shutting down')
    for (const session of store.all()) session.core.abortRunning(reason)
    await drainedWithin(lastCallMs, all, clock)
  }
  const reason = new ServerError('the server was shut down', { code: 'SHUTTING_DOWN' })
  await Promise.all([...all().map((session) => store.end(session, reason, 'say bye')), store.dismissed()])
}

/** The refusal of what comes too late. */
export function shuttingDown(): ServerError {
  return new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN', notStarted: true })
}
