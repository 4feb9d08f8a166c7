// The features of one server, told of everything in the order in which they were added.
import type { ErrorHook } from './error-hook.ts'
import type { ServerFeature, SessionChange } from './feature.ts'
import type { ServerSession } from './server-session.ts'

export class Features {
  readonly #features: ServerFeature[] = []
  readonly #errors: ErrorHook

  constructor(errors: ErrorHook) {
    this.#errors = errors
  }

  add(feature: ServerFeature): void {
    this.#features.push(feature)
  }

  /** Rejects with what the first one that cannot start threw. */
  async start(): Promise<void> {
    for (const feature of this.#features) await feature.onStart?.()
  }

  listening(): void {
    this.#tell((feature) => feature.onListening?.())
  }

  sessionChanged(session: ServerSession, change: SessionChange): void {
    this.#tell((feature) => feature.onSessionChange?.(session, change))
  }

  /** Settles when all are done; never rejects. */
  async drain(graceMs: number): Promise<void> {
    await Promise.all(
      this.#features.map(async (feature) => {
        try {
          await feature.onDrain?.(graceMs)
        } catch (error) {
          this.#errors.report(error, 'the end of a feature')
        }
      }),
    )
  }

  #tell(tell: (feature: ServerFeature) => void): void {
    for (const feature of this.#features) {
      try {
        tell(feature)
      } catch (error) {
        this.#errors.report(error, 'a feature')
      }
    }
  }
}
