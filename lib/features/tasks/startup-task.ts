// A task that runs before the server listens.
import { brand } from '../../core/base/brand.ts'
import { Task } from './task.ts'

/**
 * Runs once, before the server listens: one after the other, the highest priority first. One that fails makes
 * `listen()` reject with its error, unless it is optional. Another `listen()` runs them again.
 *
 * @example
 * class Migrate extends StartupTask {
 *   override readonly priority = 10
 *   async run({ signal }: TaskContext) { await database.migrate({ signal }) }
 * }
 * server.addTask(new Migrate())
 */
export abstract class StartupTask extends Task {
  /** Higher runs earlier; of equal ones, the one that was added first. Default 0. */
  readonly priority: number = 0
  /** Milliseconds to wait before it runs; those after it wait too. Default 0. */
  readonly delayMs: number = 0
  /** The server starts without it. Default false. */
  readonly optional: boolean = false
  override readonly timeLimitMs: number = 60_000
}

brand('isock.StartupTask', StartupTask)
