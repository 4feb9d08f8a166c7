// What a task is: work that the server starts itself. Its four kinds are in files of their own; when they run is
// schedule.ts, startup-task.ts and shutdown-task.ts.

import type { ServerView } from '../../core/action/context.ts'
import { brand } from '../../core/base/brand.ts'
import type { Logger } from '../../core/base/log.ts'

/** What one run of a task or a process sees. */
export interface TaskContext {
  /** The name under which it was added. */
  readonly name: string
  readonly server: ServerView
  /** Aborts when the server shuts down, the task is removed, or its time limit has passed. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Sends a message to the subscribers of a channel. */
  readonly publish: ServerView['publish']
}

/**
 * Work that the server starts itself. Extend one of StartupTask, IntervalTask, CronTask and ShutdownTask. A task never
 * overlaps itself; what it throws goes to the log and the server's `onError`, and its schedule continues.
 */
export abstract class Task {
  /** Its name when `addTask` gets none. Default: the class's name. */
  static taskName?: string
  /** Milliseconds after which a run's signal aborts. Default: none; 60 000 at the start, 5 000 at the end. */
  readonly timeLimitMs: number = Number.POSITIVE_INFINITY

  /** Runs on the server. Respect `context.signal`. */
  abstract run(context: TaskContext): unknown
}

brand('isock.Task', Task)

export type TaskKind = 'startup' | 'interval' | 'cron' | 'shutdown'

/**
 *   idle ──> waiting <──> running ──> ended        idle: the server does not serve yet, or it runs when that ends
 *     ╰───────────────────^   ╰────> idle          ended: it will not run again
 */
export type TaskState = 'idle' | 'waiting' | 'running' | 'ended'

/** The current state of a task. */
export interface TaskView {
  readonly name: string
  readonly kind: TaskKind
  readonly state: TaskState
  /** Runs that have begun. */
  readonly runCount: number
  /** When the last run began. */
  readonly lastRunAt: Date | undefined
  /** How long the last run that ended took, in milliseconds. */
  readonly lastDurationMs: number | undefined
  /** When the next run will begin; undefined where that is not known. */
  readonly nextRunAt: Date | undefined
  /** What the last run threw, or what was wrong with its schedule since; undefined when all went well. */
  readonly lastError: unknown
}
