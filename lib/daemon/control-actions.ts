// The actions of a daemon's control socket, which only its own user can reach. Contracts for both sides.
import type { Usage } from '../core/accounting/usage.ts'
import { Action } from '../core/action/action.ts'

/** How a daemon is doing. */
export interface DaemonReport {
  readonly name: string
  readonly nonce: string
  /** The nonce of the process whose sockets it took over. */
  readonly predecessor?: string
  readonly pid: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly addresses: readonly string[]
  readonly uptimeMs: number
  /** Calls accepted since its start. */
  readonly calls: number
  readonly sessions: number
  /** The resident set of the whole process. */
  readonly memoryBytes: number
  /** What its server holds for its clients; undefined before the server exists. */
  readonly usage: Usage | undefined
  readonly isStopping: boolean
}

/** Every request that changes a daemon names the process it is meant for. */
export interface MeantDaemon {
  readonly nonce: string
}

export interface StopRequest extends MeantDaemon {
  /** Default: the daemon's own. */
  readonly graceMs?: number
}

export class Report extends Action<undefined, DaemonReport> {
  static override actionName = 'daemon.report'
  static override idempotent = true
}

/** Answers when running calls have finished and the process is about to end. */
export class Stop extends Action<StopRequest, void> {
  static override actionName = 'daemon.stop'
}

/** Starts a process that takes over the listening sockets; answers when it serves. */
export class HandOver extends Action<MeantDaemon, DaemonReport> {
  static override actionName = 'daemon.handOver'
}
