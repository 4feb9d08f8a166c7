// The errors of a server: reports those that actions throw, and those that no caller receives, to the log and to `onError`.
import type { SessionView } from '../action/context.ts'
import { isPromiseLike } from '../action/item-source.ts'
import { ThrownErrors } from '../action/thrown-errors.ts'
import type { Clock } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { errorIdOf } from '../base/remote.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { isError } from '../wire/rich/error-fields.ts'
import type { ErrorOrigin, ServerOptions } from './server-options.ts'

const tooLate =
  'onError returned a promise of an error, which is too late: the original was sent; return the error itself'

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
    // Errors that `onError` receives need not be printed too.
    const isQuiet = given.log === undefined && given.onError !== undefined
    this.#thrown = new ThrownErrors({ classes, clock, log, isQuiet })
  }

  /** Called when an action threw. Returns the error that `onError` chose for the client instead, if any. */
  thrown(error: unknown, action: string, session: SessionView, callId: number): Error | undefined {
    const errorId = errorIdOf(session.id, callId)
    this.#thrown.thrown(error, action, { action, session: session.id, errorId })
    return this.#notify(error, { action, session, errorId })
  }

  /** Called when something else failed; `origin` names it. */
  report(error: unknown, origin: string): void {
    this.#thrown.fault(error, `${origin} failed`, { origin })
    this.#notify(error, { origin })
  }

  #notify(error: unknown, where: ErrorOrigin): Error | undefined {
    const failed = (hookError: unknown): void => this.#log.error({ error: hookError }, 'onError failed')
    try {
      const replacement: unknown = this.#onError?.(error, where)
      // Not awaited: the caller has waited long enough.
      if (isPromiseLike(replacement))
        Promise.resolve(replacement).then((late) => isError(late) && this.#log.error({}, tooLate), failed)
      return isError(replacement) ? replacement : undefined
    } catch (hookError) {
      failed(hookError)
      // The original must not leave because the hook that might have masked it failed.
      return new ServerError('the action failed, and so did the onError of its server')
    }
  }
}
