// Where the errors of a server go: what was thrown, and what is nobody's answer. To the log, and to `onError`.
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

const tooLate = 'onError gave an error by a promise, after the other one was sent: return it, rather than promise it'

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

  /** An action threw; its client gets that too, or a part of it, or the error that `onError` gives. */
  thrown(error: unknown, action: string, session: SessionView, callId: number): Error | undefined {
    const errorId = errorIdOf(session.id, callId)
    this.#thrown.thrown(error, action, { action, session: session.id, errorId })
    return this.#tell(error, { action, session, errorId })
  }

  /** Something else failed; `origin` says what. */
  report(error: unknown, origin: string): void {
    this.#thrown.fault(error, `${origin} failed`, { origin })
    this.#tell(error, { origin })
  }

  #tell(error: unknown, where: ErrorOrigin): Error | undefined {
    const failed = (hookError: unknown): void => this.#log.error({ error: hookError }, 'onError failed')
    try {
      const replacement: unknown = this.#onError?.(error, where)
      // Nobody awaits it: the caller has waited long enough.
      if (isPromiseLike(replacement))
        Promise.resolve(replacement).then((late) => isError(late) && this.#log.error({}, tooLate), failed)
      return isError(replacement) ? replacement : undefined
    } catch (hookError) {
      failed(hookError)
      // What it would have masked must not leave because it failed.
      return new ServerError('the action failed, and so did the onError of its server')
    }
  }
}
