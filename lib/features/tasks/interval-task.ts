// A task that runs again and again.
import { brand } from '../../core/base/brand.ts'
import { Task, type TaskContext } from './task.ts'

/**
 * Runs again and again while the server serves. The interval is counted from the end of a run to the next, and asked
 * for anew each time, so that it can change.
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
   * Milliseconds until the next run; Infinity: there is none. Where it throws or gives no positive number, that is
   * reported, and the interval before it holds, or a minute.
   */
  abstract intervalMs(context: TaskContext): number | Promise<number>
}

brand('isock.IntervalTask', IntervalTask)
