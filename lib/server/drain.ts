// The end of a server: running calls finish, answers leave, then every session is told and closed.
import { type Clock, sleep } from '../base/clock.ts'
import { CancelledError, ServerError } from '../base/errors.ts'
import { requirePositive } from '../base/options.ts'
import type { SessionStore } from './session-store.ts'

export interface DrainOptions {
  /** How long running calls may take to finish, in milliseconds. Default 10 000. */
  readonly graceMs?: number
  /** Another process listens at these sockets too: leave the paths of Unix sockets where they are. Default false. */
  readonly keepsAddresses?: boolean
}

/** What handlers get to end in after they were told to. */
const lastCallMs = 1_000
const lookEveryMs = 5
export const defaultGraceMs = 10_000

/** Throws ClientError (`INVALID_OPTION`). */
export function checkDrainOptions({ graceMs = defaultGraceMs }: DrainOptions): void {
  if (graceMs !== 0) requirePositive('graceMs', graceMs)
}

/** Settles when every session is over. */
export async function drain(store: SessionStore, clock: Clock, graceMs: number): Promise<void> {
  for (const session of store.all()) session.core.sayDrain()
  if (!(await isDrainedWithin(graceMs, store, clock))) {
    const reason = new CancelledError('the server is shutting down')
    for (const session of store.all()) session.core.abortRunning(reason)
    await isDrainedWithin(lastCallMs, store, clock)
  }
  const reason = new ServerError('the server was shut down', { code: 'SHUTTING_DOWN' })
  await Promise.all(store.all().map((session) => store.end(session, reason, 'say bye')))
}

async function isDrainedWithin(limitMs: number, store: SessionStore, clock: Clock): Promise<boolean> {
  const endAtMs = clock.now() + limitMs
  for (;;) {
    if (store.all().every((session) => session.core.isDrained)) return true
    const leftMs = endAtMs - clock.now()
    if (leftMs <= 0) return false
    await sleep(clock, Math.min(lookEveryMs, leftMs), undefined, true)
  }
}

/** The refusal of what comes too late. */
export function shuttingDown(): ServerError {
  return new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN', notStarted: true })
}
