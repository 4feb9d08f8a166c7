// The features of one server: the user's named ones first, then its own. Always called in that order, and outside any caller's
// context: what they start outlives the call that made the server listen or shut down.

import { runClean } from '../base/async-context.ts'
import type { Clock } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import { refuseInThread } from '../base/in-thread.ts'
import { describe, invalidOption } from '../base/options.ts'
import { settlesWithin } from '../base/settles-within.ts'
import type { TlsRenewal } from '../link/listener.ts'
import type { ErrorHook } from './error-hook.ts'
import type { Feature, Listed, ServerFeature, ServerKit, SessionChange } from './feature.ts'
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

  /** `refusal`: the reason why no port is opened any more, if any. */
  constructor(errors: ErrorHook, clock: Clock, refusal: () => ServerError | undefined = () => undefined) {
    this.#errors = errors
    this.#clock = clock
    this.#refusal = refusal
  }

  /** Adds a feature of the server itself. */
  add(feature: ServerFeature): void {
    this.#own.push(feature)
  }

  /** Throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_USAGE`) for a duplicate name, or when it is too late. */
  attach<F extends ServerFeature>(feature: Feature<F>, kit: ServerKit): F {
    const { name, attach } = (feature ?? {}) as Partial<Feature<F>>
    if (typeof name !== 'string' || name === '' || typeof attach !== 'function')
      throw invalidOption('features', "features, such as data({ models }) of 'isock/data'", describe(feature))
    if (this.#named.has(name)) throw invalidUse(`this server already has a feature "${name}"`)
    const attached = feature.attach(kit)
    if (this.#hasStarted && attached.onStart !== undefined)
      throw invalidUse(`feature "${name}" must be added before listen()`)
    this.#named.set(name, attached)
    return attached
  }

  find(name: string): ServerFeature | undefined {
    return this.#named.get(name)
  }

  /** The addresses at which clients reach the server through them. */
  get addresses(): string[] {
    return this.#all().flatMap(({ addresses = [] }) => addresses)
  }

  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    return this.#all().flatMap((feature) => feature.tlsRenewals?.(renewal) ?? [])
  }

  /** What all of them offer to clients. One that cannot say it is reported, and left out. */
  listing(): Listed[] {
    return this.#all().flatMap((feature) => {
      try {
        return feature.listing?.() ?? []
      } catch (error) {
        this.#errors.report(error, 'the listing of a feature')
        return []
      }
    })
  }

  /** A port was opened, so clients are served. */
  get areServing(): boolean {
    return this.#areServing
  }

  /** Opens a port once they have started. Rejects with the error of the first one that cannot start; the next call starts them again. */
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

  /** Once the drain has begun, the remaining ones do not start. */
  start(): Promise<void> {
    refuseInThread('listen()')
    this.#hasStarted = true
    this.#starting = runClean(() => this.#start(), undefined)
    return this.#starting
  }

  listening(): void {
    this.#callAll((feature) => feature.onListening?.())
  }

  sessionChanged(session: ServerSession, change: SessionChange): void {
    this.#callAll((feature) => feature.onSessionChange?.(session, change))
  }

  /** Drains the features and, with them, the sessions; then ends the features. Never rejects because of one of them. */
  async drain(graceMs: number, drainSessions: () => Promise<void>): Promise<void> {
    this.#isDraining = true
    // A feature must have finished opening its resources before it is asked to release them.
    const started = settlesWithin(this.#clock, this.#starting, graceMs)
    await Promise.all([this.#callEach((feature) => feature.onDrain?.(graceMs)), drainSessions(), started])
    await this.#callEach((feature) => feature.onDrained?.())
  }

  async #start(): Promise<void> {
    for (const feature of this.#all()) if (!this.#isDraining) await feature.onStart?.()
  }

  async #callEach(call: (feature: ServerFeature) => Promise<void> | void): Promise<void> {
    await Promise.all(
      this.#all().map(async (feature) => {
        try {
          await runClean(call, feature)
        } catch (error) {
          this.#errors.report(error, 'the end of a feature')
        }
      }),
    )
  }

  #callAll(call: (feature: ServerFeature) => void): void {
    for (const feature of this.#all()) {
      try {
        runClean(call, feature)
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
