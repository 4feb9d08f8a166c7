// A task that runs on a cron schedule.
import { brand } from '../../core/base/brand.ts'
import { Task } from './task.ts'

/**
 * Runs at the times of a cron pattern while the server serves. Times that pass during a run are skipped. If some pass while
 * the machine sleeps, the task runs once when it wakes up.
 *
 * When daylight saving time starts, a time that is skipped runs when the clocks go forward. When it ends, a time that occurs
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
   * Minute, hour, day of month, month, day of week; optionally with seconds as a first field and the year as a last one. Or
   * a name such as '@daily'. Anything but a pattern is rejected when the task is added. An invalid pattern rejects `listen`, or
   * is reported for a task that is added later.
   */
  abstract readonly pattern: string
  /** A time zone such as 'Europe/Berlin'. Default: that of the machine. */
  readonly timeZone: string | undefined = undefined
}

brand('isock.CronTask', CronTask)
