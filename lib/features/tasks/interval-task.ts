// A task that runs at intervals.
import { brand } from '../../core/base/brand.ts'
import { Task, type TaskContext } from './task.ts'

/**
 * Runs at intervals while the server serves. An interval lasts from the end of one run to the start of the next. It is
 * requested before each run, so it can change.
 *
 * @example
 * class Poll extends IntervalTask {
 *   intervalMs() { return isBusyHour() ? 5_000 : 60_000 }
 *   async run({ signal }: TaskContext) { await poll(signal) }
 * }
 * server.addTask(new Poll())
 */
export abstract class IntervalTask extends Task {
  /** Whether the first run starts immediately, without an interval. Default false. */
  readonly runsAtOnce: boolean = false

  /**
   * Returns the milliseconds until the next run; Infinity if there is none. An error or anything but a positive number is
   * reported, and the previous interval is used, or a minute if there is none.
   */
  abstract intervalMs(context: TaskContext): number | Promise<number>
}

brand('isock.IntervalTask', IntervalTask)
