// Where the errors of a server go: what was thrown, and what is nobody's answer. To the log, and to `onError`.
import type { SessionView } from '../action/context.ts'
import { isPromiseLike } from '../action/item-source.ts'
import { ThrownErrors } from '../action/thrown-errors.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { errorIdOf } from '../base/remote.ts'
import type { ClassRegistry } from '../wire/class-registry.ts'
import type { ErrorOrigin, ServerOptions } from './server-options.ts'

export interface ErrorHookOptions {
  readonly log: Logger
  readonly clock: Clock
  readonly classes: ClassRegistry
  readonly given: Pick<ServerOptions, 'log' | 'onError'>
}

export class ErrorHook {
  readonly #log: Logger
  readonly #thrown: ThrownErrors
  readonly #onError: ServerOptions['onError']

  constructor({ log, clock, classes, given }: ErrorHookOptions) {
    this.#log = log
    this.#onError = given.onError
    // What `onError` takes need not be printed too.
    const isQuiet = given.log === undefined && given.onError !== undefined
    this.#thrown = new ThrownErrors({ classes, clock, log, isQuiet })
  }

  /** An action threw; its client gets that too, or a part of it. */
  thrown(error: unknown, action: string, session: SessionView, callId: number): void {
    const errorId = errorIdOf(session.id, callId)
    this.#thrown.thrown(error, action, { action, session: session.id, errorId })
    this.#tell(error, { action, session, errorId })
  }

  /** Something else failed; `origin` says what. */
  report(error: unknown, origin: string): void {
    this.#thrown.fault(error, `${origin} failed`, { origin })
    this.#tell(error, { origin })
  }

  #tell(error: unknown, where: ErrorOrigin): void {
    const failed = (hookError: unknown): void => this.#log.error({ error: hookError }, 'onError failed')
    try {
      // It may be asynchronous, whatever its type says, and nobody awaits it.
      const told: unknown = this.#onError?.(error, where)
      if (isPromiseLike(told)) Promise.resolve(told).catch(failed)
    } catch (hookError) {
      failed(hookError)
    }
  }
}
