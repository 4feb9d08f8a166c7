// The graceful shutdown of a server: running calls finish, answers are sent, then every session gets a BYE and is closed.
import type { Clock } from '../base/clock.ts'
import { CancelledError, ServerError } from '../base/errors.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { requirePositive } from '../base/options.ts'
import { drainedWithin, lastCallMs } from './drained.ts'
import type { ServerSession } from './server-session.ts'
import type { SessionStore } from './session-store.ts'

export interface DrainOptions {
  /** The time that running calls have to finish, in milliseconds. Default 10 000. */
  readonly graceMs?: number | undefined
  /** Another process listens at the same sockets: keep the paths of Unix sockets. Default false. */
  readonly keepsAddresses?: boolean | undefined
}

export const drainOptions: OptionTable<DrainOptions> = { graceMs: 'any', keepsAddresses: 'any' }

export const defaultGraceMs = 10_000

/** Throws ClientError (`INVALID_OPTION`). */
export function checkDrainOptions(options: DrainOptions): void {
  checkOptions('shutdown', options, drainOptions)
  const { graceMs = defaultGraceMs } = options
  if (graceMs !== 0) requirePositive('graceMs', graceMs)
}

/** Settles when every session has ended. */
export async function drain(store: SessionStore, clock: Clock, graceMs: number): Promise<void> {
  for (const session of store.all()) session.core.sendDrain()
  const all = (): readonly ServerSession[] => store.all()
  if (!(await drainedWithin(graceMs, all, clock))) {
    const reason = new CancelledError('the server is shutting down')
    for (const session of store.all()) session.core.abortRunning(reason)
    await drainedWithin(lastCallMs, all, clock)
  }
  const reason = new ServerError('the server was shut down', { code: 'SHUTTING_DOWN' })
  await Promise.all([...all().map((session) => leave(session, reason, store)), store.dismissed()])
}

/** A session that is recorded can be continued by another server: its client hears no BYE. */
function leave(session: ServerSession, reason: ServerError, store: SessionStore): Promise<void> {
  if (store.keeper?.isKept(session) !== true) return store.end(session, reason, 'say bye')
  store.keeper.release(session)
  return store.end(session, reason)
}

/** The error for what comes after the shutdown began. */
export function shuttingDown(): ServerError {
  return new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN', notStarted: true })
}
