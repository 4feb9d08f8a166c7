// The schedule of one task. Repeats until it is stopped: determines the next time, waits for it, runs the task, unless another server does
// this run. So runs never overlap.
import { runClean } from '../../core/base/async-context.ts'
import { CancelledError } from '../../core/base/errors.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { contextFor, isStop } from './run.ts'
import { SharedRuns } from './shared-runs.ts'
import type { Due, Timing } from './timing.ts'
import type { TrackedTask } from './tracked-task.ts'
import { waitOut } from './waiting.ts'

export class Schedule {
  readonly #tracked: TrackedTask
  readonly #timing: Timing
  readonly #kit: ServerKit
  readonly #abort = new AbortController()
  #ended: Promise<void> | undefined
  #sharedRuns: SharedRuns | undefined

  constructor(tracked: TrackedTask, timing: Timing, kit: ServerKit) {
    this.#tracked = tracked
    this.#timing = timing
    this.#kit = kit
  }

  /** Called before the server starts. Rejects with ClientError (`INVALID_OPTION`). */
  async prepare(): Promise<void> {
    await this.#timing.prepare?.()
  }

  /** Starts the schedule. A no-op if it was started before. */
  start(): void {
    this.#ended ??= runClean(() => this.#run(), undefined)
  }

  /** Stops the schedule and aborts the current run. Settles when the run has ended. */
  async stop(why: string): Promise<void> {
    this.#abort.abort(new CancelledError(why))
    await this.#ended
    this.#tracked.state = 'ended'
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    const tracked = this.#tracked
    try {
      for (let due = await this.#next(); due !== undefined; due = await this.#next()) {
        tracked.state = 'waiting'
        tracked.nextRunAtMs = due.atMs
        await waitOut(this.#kit.clock, due.leftMs, signal)
        signal.throwIfAborted()
        await this.#runUnlessElsewhere(due, signal)
        signal.throwIfAborted()
      }
    } catch (error) {
      if (!isStop(error, signal)) tracked.report(error)
    }
    await this.#shared?.release()
    tracked.nextRunAtMs = undefined
    tracked.state = 'ended'
  }

  async #runUnlessElsewhere(due: Due, signal: AbortSignal): Promise<void> {
    const tracked = this.#tracked
    const shared = this.#shared
    if (shared === undefined) return void (await tracked.run(signal))
    try {
      if (!(await shared.isOurs(due))) return
    } catch (error) {
      return tracked.report(error)
    }
    signal.throwIfAborted()
    await shared.during(() => tracked.run(signal))
  }

  /** Made with the first run: features may be added after tasks. */
  get #shared(): SharedRuns | undefined {
    const { sharedStore, clock } = this.#kit
    if (this.#tracked.task.scope === 'node' || sharedStore === undefined) return undefined
    this.#sharedRuns ??= new SharedRuns(this.#tracked, sharedStore.claims, clock)
    return this.#sharedRuns
  }

  async #next(): Promise<Due | undefined> {
    const tracked = this.#tracked
    const { signal } = this.#abort
    try {
      return await this.#timing.next(contextFor(tracked.name, signal, this.#kit))
    } catch (error) {
      if (isStop(error, signal)) throw error
      tracked.report(error)
      return this.#timing.fallback()
    }
  }
}
