// A task that runs before the server listens.
import { brand } from '../../core/base/brand.ts'
import { Task } from './task.ts'

/**
 * Runs once, before the server listens. Startup tasks run one after the other, the highest priority first. If one fails,
 * `listen()` rejects with its error, unless the task is optional. Calling `listen()` again runs them again.
 *
 * @example
 * class Migrate extends StartupTask {
 *   override readonly priority = 10
 *   async run({ signal }: TaskContext) { await database.migrate({ signal }) }
 * }
 * server.addTask(new Migrate())
 */
export abstract class StartupTask extends Task {
  /** Tasks with a higher priority run earlier, tasks with the same one in the order they were added. Default 0. */
  readonly priority: number = 0
  /** The delay before the task runs, in milliseconds. Later tasks wait too. Default 0. */
  readonly delayMs: number = 0
  /** Whether the server starts even if this task fails. Default false. */
  readonly optional: boolean = false
  override readonly timeLimitMs: number = 60_000
}

brand('isock.StartupTask', StartupTask)
