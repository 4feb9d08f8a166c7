// The features of one server: those of its user by name, which start first, and its own. They are called for everything in that
// order, and in no caller's context: what they begin outlives the call that made the server listen or shut down.

import { runClean } from '../base/async-context.ts'
import type { Clock } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import { refuseInThread } from '../base/in-thread.ts'
import { describe, invalidOption } from '../base/options.ts'
import { settlesWithin } from '../base/settles-within.ts'
import type { TlsRenewal } from '../link/listener.ts'
import type { ErrorHook } from './error-hook.ts'
import type { Feature, ServerFeature, ServerKit, SessionChange } from './feature.ts'
import type { ServerSession } from './server-session.ts'

export class Features {
  readonly #named = new Map<string, ServerFeature>()
  readonly #own: ServerFeature[] = []
  readonly #errors: ErrorHook
  readonly #clock: Clock
  readonly #refusal: () => ServerError | undefined
  #started: Promise<void> | undefined
  #starting: Promise<void> = Promise.resolve()
  #areServing = false
  #hasStarted = false
  #isDraining = false

  /** `refusal`: why nothing is opened any more. */
  constructor(errors: ErrorHook, clock: Clock, refusal: () => ServerError | undefined = () => undefined) {
    this.#errors = errors
    this.#clock = clock
    this.#refusal = refusal
  }

  /** Of the server itself. */
  add(feature: ServerFeature): void {
    this.#own.push(feature)
  }

  /** Throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_USAGE`) for a second one of its name, or one that comes too late. */
  attach<F extends ServerFeature>(feature: Feature<F>, kit: ServerKit): F {
    const { name, attach } = (feature ?? {}) as Partial<Feature<F>>
    if (typeof name !== 'string' || name === '' || typeof attach !== 'function')
      throw invalidOption('features', "features, such as data({ models }) of 'isock/data'", describe(feature))
    if (this.#named.has(name)) throw invalidUse(`this server has a feature "${name}" already`)
    const attached = feature.attach(kit)
    if (this.#hasStarted && attached.onStart !== undefined)
      throw invalidUse(`feature "${name}" must be added before listen()`)
    this.#named.set(name, attached)
    return attached
  }

  find(name: string): ServerFeature | undefined {
    return this.#named.get(name)
  }

  /** Where clients reach the server through them. */
  get addresses(): string[] {
    return this.#all().flatMap(({ addresses = [] }) => addresses)
  }

  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    return this.#all().flatMap((feature) => feature.tlsRenewals?.(renewal) ?? [])
  }

  /** Something was opened, so clients are served. */
  get areServing(): boolean {
    return this.#areServing
  }

  /** Opens a way in, once they have started. Rejects with what the first one that cannot start threw, and then starts them again. */
  async opening<T>(open: () => Promise<T>): Promise<T> {
    this.#refuse()
    this.#started ??= this.start()
    try {
      await this.#started
    } catch (error) {
      this.#started = undefined
      throw error
    }
    this.#refuse()
    const opened = await open()
    this.#refuse()
    if (!this.#areServing) this.listening()
    this.#areServing = true
    return opened
  }

  /** Those that follow do not start when the drain has begun. */
  start(): Promise<void> {
    refuseInThread('listen()')
    this.#hasStarted = true
    this.#starting = runClean(() => this.#start(), undefined)
    return this.#starting
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
    const started = settlesWithin(this.#clock, this.#starting, graceMs)
    await Promise.all([this.#tellEach((feature) => feature.onDrain?.(graceMs)), drainSessions(), started])
    await this.#tellEach((feature) => feature.onDrained?.())
  }

  async #start(): Promise<void> {
    for (const feature of this.#all()) if (!this.#isDraining) await feature.onStart?.()
  }

  async #tellEach(tell: (feature: ServerFeature) => Promise<void> | void): Promise<void> {
    await Promise.all(
      this.#all().map(async (feature) => {
        try {
          await runClean(tell, feature)
        } catch (error) {
          this.#errors.report(error, 'the end of a feature')
        }
      }),
    )
  }

  #tell(tell: (feature: ServerFeature) => void): void {
    for (const feature of this.#all()) {
      try {
        runClean(tell, feature)
      } catch (error) {
        this.#errors.report(error, 'a feature')
      }
    }
  }

  #refuse(): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
  }

  #all(): ServerFeature[] {
    return [...this.#named.values(), ...this.#own]
  }
}

function invalidUse(message: string): ServerError {
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
