// A task that runs on a cron schedule.
import { brand } from '../../core/base/brand.ts'
import { Task } from './task.ts'

/**
 * Runs at the times of a cron pattern while the server serves. Times that pass while it runs, or while the machine
 * sleeps, are not caught up, except for one.
 *
 * Where summer time begins, a time that does not exist runs when the clocks go forward; where it ends, a time that comes
 * twice runs once.
 *
 * @example
 * class Report extends CronTask {
 *   readonly pattern = '0 8 * * MON-FRI'
 *   override readonly timeZone = 'Europe/Berlin'
 *   async run() { await sendReport() }
 * }
 * server.addTask(new Report())
 */
export abstract class CronTask extends Task {
  /**
   * Minute, hour, day of month, month, day of week; with a sixth part in front, seconds; with a
   * seventh behind, year. Or '@daily' and the like. What is
   * clearly not a pattern is rejected when the task is added, an invalid pattern by `listen`; for a task that is added
   * later, it is reported.
   */
  abstract readonly pattern: string
  /** As in 'Europe/Berlin'. Default: the machine's. */
  readonly timeZone: string | undefined = undefined
}

brand('isock.CronTask', CronTask)
