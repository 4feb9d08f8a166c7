// The actions of a daemon's control socket, which only its own user can reach. Contracts for both sides.
import type { Usage } from '../core/accounting/usage.ts'
import { Action } from '../core/action/action.ts'

/** The status of a daemon. */
export interface DaemonReport {
  readonly name: string
  readonly nonce: string
  /** The nonce of the process whose sockets it took over. */
  readonly predecessor?: string
  readonly pid: number
  /** An ISO 8601 date. */
  readonly startedAt: string
  readonly addresses: readonly string[]
  readonly uptimeMs: number
  /** The number of calls accepted since the start. */
  readonly calls: number
  readonly sessions: number
  /** The resident set size of the process, in bytes. */
  readonly memoryBytes: number
  /** What the server holds for its clients. Undefined before the server exists. */
  readonly usage: Usage | undefined
  readonly isStopping: boolean
}

/** Names the process that a request is for. Every request that changes a daemon has it. */
export interface MeantDaemon {
  readonly nonce: string
}

export interface StopRequest extends MeantDaemon {
  /** The grace period. Default: that of the daemon. */
  readonly graceMs?: number
}

export class Report extends Action<undefined, DaemonReport> {
  static override actionName = 'daemon.report'
  static override idempotent = true
}

/** Stops the daemon. Answers when running calls have finished and the process is about to end. */
export class Stop extends Action<StopRequest, void> {
  static override actionName = 'daemon.stop'
}

/** Starts a process that takes over the listening sockets. Answers when it serves. */
export class HandOver extends Action<MeantDaemon, DaemonReport> {
  static override actionName = 'daemon.handOver'
}
