// Task, the base class of the four kinds of tasks, which have their own files. Leaves running them to tasks.ts and schedule.ts.

import type { ServerView } from '../../core/action/context.ts'
import { brand } from '../../core/base/brand.ts'
import type { Logger } from '../../core/base/log.ts'

/** The context of one run of a task or a process. */
export interface TaskContext {
  /** The name of the task or process. */
  readonly name: string
  readonly server: ServerView
  /** Aborts when the server shuts down, the task is removed, or its time limit has passed. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Publishes a message to a channel. */
  readonly publish: ServerView['publish']
}

/**
 * Work that the server starts itself. Extend one of StartupTask, IntervalTask, CronTask and ShutdownTask. A task never
 * overlaps itself; what it throws goes to the log and the server's `onError`, and its schedule continues.
 */
export abstract class Task {
  /** The task's name, unless `addTask` is given one. Default: the class name. */
  static taskName?: string
  /** The time limit of a run in milliseconds, after which its signal aborts. Default: none; 60 000 at startup, 5 000 at shutdown. */
  readonly timeLimitMs: number = Number.POSITIVE_INFINITY

  /**
   * Where interval and cron tasks run: `'cluster'`, once for all servers that share the store of the feature `data`, in a file or
   * PostgreSQL; or `'node'`, on each server. Servers without such a store always run theirs. A server that stops or dies leaves its interval
   * tasks to another one; a cron task that it had begun is not begun again. Default `'cluster'`.
   */
  readonly scope: 'cluster' | 'node' = 'cluster'

  /** Called for each run. Respect `context.signal`. */
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
  /** The number of runs so far, including the current one. */
  readonly runCount: number
  /** When the last run started. */
  readonly lastRunAt: Date | undefined
  /** The duration of the last finished run, in milliseconds. */
  readonly lastDurationMs: number | undefined
  /** When the next run starts; undefined if unknown. */
  readonly nextRunAt: Date | undefined
  /** The error of the last run, or a later error of its schedule; undefined if there was none. */
  readonly lastError: unknown
}
