// The features of one server, called for everything in the order in which they were added, and in no caller's context: what
// they begin outlives the call that made the server listen or shut down.
import { runClean } from '../base/async-context.ts'
import type { Clock } from '../base/clock.ts'
import { refuseInThread } from '../base/in-thread.ts'
import { settlesWithin } from '../base/settles-within.ts'
import type { ErrorHook } from './error-hook.ts'
import type { ServerFeature, SessionChange } from './feature.ts'
import type { ServerSession } from './server-session.ts'

export class Features {
  readonly #features: ServerFeature[] = []
  readonly #errors: ErrorHook
  readonly #clock: Clock
  #started: Promise<void> = Promise.resolve()
  #isDraining = false

  constructor(errors: ErrorHook, clock: Clock) {
    this.#errors = errors
    this.#clock = clock
  }

  add(feature: ServerFeature): void {
    this.#features.push(feature)
  }

  /** Rejects with what the first one that cannot start threw. Those that follow do not start when the drain has begun. */
  start(): Promise<void> {
    refuseInThread('listen()')
    this.#started = runClean(() => this.#start(), undefined)
    return this.#started
  }

  listening(): void {
    this.#tell((feature) => feature.onListening?.())
  }

  sessionChanged(session: ServerSession, change: SessionChange): void {
    this.#tell((feature) => feature.onSessionChange?.(session, change))
  }

  /** Drains the features and, with them, the sessions; then ends the features. Never rejects for one of them. */
  async drain(graceMs: number, drainSessions: () => Promise<void>): Promise<void> {
    this.#isDraining = true
    // What a feature opens at its start it must have before it is told to let go of it.
    const started = settlesWithin(this.#clock, this.#started, graceMs)
    await Promise.all([this.#tellEach((feature) => feature.onDrain?.(graceMs)), drainSessions(), started])
    await this.#tellEach((feature) => feature.onDrained?.())
  }

  async #start(): Promise<void> {
    for (const feature of this.#features) if (!this.#isDraining) await feature.onStart?.()
  }

  async #tellEach(tell: (feature: ServerFeature) => Promise<void> | void): Promise<void> {
    await Promise.all(
      this.#features.map(async (feature) => {
        try {
          await runClean(tell, feature)
        } catch (error) {
          this.#errors.report(error, 'the end of a feature')
        }
      }),
    )
  }

  #tell(tell: (feature: ServerFeature) => void): void {
    for (const feature of this.#features) {
      try {
        runClean(tell, feature)
      } catch (error) {
        this.#errors.report(error, 'a feature')
      }
    }
  }
}
