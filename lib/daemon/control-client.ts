// The client of a daemon's control socket. Reports unknown states as unknown: a missing answer does not prove that the daemon has
// ended.
import { existsSync } from 'node:fs'
import type { ActionClass } from '../core/action/action.ts'
import type { InputOf, OutputOf } from '../core/action/inference.ts'
import { ClientError, IsockError } from '../core/base/errors.ts'
import { Client } from '../facade/client.ts'
import { type DaemonReport, Report } from './control-actions.ts'
import { stateOf } from './process-identity.ts'
import { type DaemonPaths, notAnswering } from './state-directory.ts'
import type { DaemonState } from './state-file.ts'

/** The timeout of a request. A daemon answers fast, unless it is stopped or busy. */
const answerTimeoutMs = 2_000

export type Presence =
  | { readonly kind: 'answers'; readonly report: DaemonReport }
  /** A process may own the socket, and thus the name, but does not answer like a daemon. */
  | { readonly kind: 'silent' }
  /** No process owns the socket. */
  | { readonly kind: 'absent' }

export async function findPresence(paths: DaemonPaths, timeoutMs = answerTimeoutMs): Promise<Presence> {
  if (!existsSync(paths.control)) return { kind: 'absent' }
  try {
    return { kind: 'answers', report: await ask(paths, Report, undefined, timeoutMs) }
  } catch (error) {
    if (isRefused(error)) return { kind: 'absent' }
    // A full backlog, a lost link or another program does not prove that there is no daemon.
    if (error instanceof IsockError) return { kind: 'silent' }
    throw error
  }
}

/**
 * Throws if the name may still be in use: by a process that owns the control socket but does not answer, or by the recorded process,
 * unless it has ended. `what` says in the error what happens to that process.
 *
 * @throws ClientError (`NO_RESPONSE`).
 */
export function requireNotHeld(
  name: string,
  presence: Presence,
  known: DaemonState | undefined,
  paths: DaemonPaths,
  what: string,
): void {
  if (presence.kind === 'silent') throw notAnswering(name, known?.pid, what)
  if (known === undefined || presence.kind === 'answers') return
  const state = stateOf(known)
  if (state === 'gone') return
  // The state of the process cannot be determined, so the user has to decide.
  const remedy = `; if that is now another program, remove ${paths.state}`
  throw notAnswering(name, known.pid, what, state === 'unknown' ? remedy : '')
}

/** Rejects as `Client.runAction` does. */
export async function ask<C extends ActionClass>(
  paths: DaemonPaths,
  action: C,
  data: InputOf<C>,
  timeoutMs: number,
): Promise<OutputOf<C>> {
  const backoff = { minMs: 20, maxMs: 100 }
  await using client = new Client(`unix:${paths.control}`, { retry: 4, backoff, timeoutMs })
  return await (client.runAction(action.actionName ?? action.name, data) as PromiseLike<OutputOf<C>>)
}

/** Whether the socket has no owner, or does not exist. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof ClientError) || error.code !== 'UNREACHABLE') return false
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return true
    if (!(cause instanceof IsockError)) return false
  }
  return false
}
