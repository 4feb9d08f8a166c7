// The client of a daemon's control socket. Reports unknown states as unknown: no answer does not prove that the daemon is gone.
import { existsSync } from 'node:fs'
import type { ActionClass } from '../core/action/action.ts'
import type { InputOf, OutputOf } from '../core/action/inference.ts'
import { ClientError, IsockError } from '../core/base/errors.ts'
import { Client } from '../facade/client.ts'
import { type DaemonReport, Report } from './control-actions.ts'
import { stateOf } from './process-identity.ts'
import { type DaemonPaths, notAnswering } from './state-directory.ts'
import type { DaemonState } from './state-file.ts'

/** A process that listens at the control socket answers fast, unless it is stopped or busy. */
const answerTimeoutMs = 2_000

export type Presence =
  | { readonly kind: 'answers'; readonly report: DaemonReport }
  /** A process may own the socket, and so the name, but does not answer like a daemon. */
  | { readonly kind: 'silent' }
  /** No process owns it. */
  | { readonly kind: 'absent' }

export async function findPresence(paths: DaemonPaths, timeoutMs = answerTimeoutMs): Promise<Presence> {
  if (!existsSync(paths.control)) return { kind: 'absent' }
  try {
    return { kind: 'answers', report: await ask(paths, Report, undefined, timeoutMs) }
  } catch (error) {
    if (isRefused(error)) return { kind: 'absent' }
    // A full backlog, a lost link, another program: none of these proves that there is no daemon.
    if (error instanceof IsockError) return { kind: 'silent' }
    throw error
  }
}

/**
 * A process that owns the control socket and does not answer still owns the name, and so does the recorded process, unless
 * it is gone. `what` tells what happens to it, for the error.
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
  // Its state can never be determined, so the user has to decide.
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

/** The socket has no owner, or is gone. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof ClientError) || error.code !== 'UNREACHABLE') return false
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return true
    if (!(cause instanceof IsockError)) return false
  }
  return false
}
