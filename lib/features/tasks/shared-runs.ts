// The runs of a task that servers share. A cron task's time is claimed by the server that does its run. An interval task is held by one
// server, which does all runs until it stops, or was not heard of for as long as an interval and half a minute.
import type { Clock } from '../../core/base/clock.ts'
import type { RunClaims } from '../../core/server/run-claims.ts'
import type { Due } from './timing.ts'
import type { TrackedTask } from './tracked-task.ts'

/** For how long a task is held after the next run was due. */
const spareMs = 30_000
/** How often it is held again while it runs. */
const renewEveryMs = 10_000

export class SharedRuns {
  readonly #tracked: TrackedTask
  readonly #claims: RunClaims
  readonly #clock: Clock
  /** The interval before the last run. */
  #intervalMs = 0

  constructor(tracked: TrackedTask, claims: RunClaims, clock: Clock) {
    this.#tracked = tracked
    this.#claims = claims
    this.#clock = clock
  }

  /** Whether this server does the run that is due. Rejects if that cannot be found out. */
  async isOurs({ atMs, afterMs }: Due): Promise<boolean> {
    const { name, kind } = this.#tracked
    if (kind === 'cron') return this.#claims.claim(name, atMs)
    this.#intervalMs = afterMs
    return this.#claims.hold(name, this.#holdMs)
  }

  /** Holds the task while it runs, and until its next run. What goes wrong then is reported. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    if (this.#tracked.kind === 'cron') return run()
    const renew = (): void => {
      void this.#hold()
      timer = this.#clock.setTimer(renew, renewEveryMs)
    }
    let timer = this.#clock.setTimer(renew, renewEveryMs)
    try {
      return await run()
    } finally {
      timer.cancel()
      await this.#hold()
    }
  }

  /** Called when the schedule has ended: another server may have the task. */
  async release(): Promise<void> {
    if (this.#tracked.kind === 'cron') return
    await this.#claims.release(this.#tracked.name).catch((error: unknown) => this.#tracked.report(error))
  }

  async #hold(): Promise<void> {
    const { name } = this.#tracked
    await this.#claims.hold(name, this.#holdMs).catch((error: unknown) => this.#tracked.report(error))
  }

  get #holdMs(): number {
    return this.#intervalMs + spareMs
  }
}
