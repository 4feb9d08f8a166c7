// A task that runs while the server shuts down.
import { brand } from '../../core/base/brand.ts'
import { Task } from './task.ts'

/**
 * Runs once while the server drains, after the other tasks were aborted. Shutdown tasks run one after the other, the highest
 * priority first. The signal aborts after `timeLimitMs`, or when the grace period of the shutdown (`graceMs`) ends; a task
 * that is still running a second later is abandoned. Calls of clients may still be running.
 *
 * @example
 * class Flush extends ShutdownTask {
 *   async run({ signal }: TaskContext) { await journal.flush({ signal }) }
 * }
 * server.addTask(new Flush())
 */
export abstract class ShutdownTask extends Task {
  /** Tasks with a higher priority run earlier, tasks with the same one in the order they were added. Default 0. */
  readonly priority: number = 0
  override readonly timeLimitMs: number = 5_000
}

brand('isock.ShutdownTask', ShutdownTask)
