// A task that runs at intervals.
import { brand } from '../../core/base/brand.ts'
import { Task, type TaskContext } from './task.ts'

/**
 * Runs at intervals while the server serves. An interval is counted from the end of one run to the start of the next, and
 * read again each time, so that it can change.
 *
 * @example
 * class Poll extends IntervalTask {
 *   intervalMs() { return isBusyHour() ? 5_000 : 60_000 }
 *   async run({ signal }: TaskContext) { await poll(signal) }
 * }
 * server.addTask(new Poll())
 */
export abstract class IntervalTask extends Task {
  /** The first run does not wait for an interval. Default false. */
  readonly runsAtOnce: boolean = false

  /**
   * Milliseconds until the next run; Infinity: there is none. When it throws or does not return a positive number, that
   * is reported, and the previous interval is used, or a minute.
   */
  abstract intervalMs(context: TaskContext): number | Promise<number>
}

brand('isock.IntervalTask', IntervalTask)
