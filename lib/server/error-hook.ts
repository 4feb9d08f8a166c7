// Where the errors of a server go: what was thrown, and what is nobody's answer. To the log, and to `onError`.
import type { SessionView } from '../action/context.ts'
import type { ThrownErrors } from '../action/thrown-errors.ts'
import { errorIdOf } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { ErrorOrigin } from './server-options.ts'

type OnError = (error: unknown, where: ErrorOrigin) => void

export class ErrorHook {
  readonly #log: Logger
  readonly #thrown: ThrownErrors
  readonly #onError: OnError | undefined

  constructor(log: Logger, thrown: ThrownErrors, onError: OnError | undefined) {
    this.#log = log
    this.#thrown = thrown
    this.#onError = onError
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
      if (told instanceof Promise) told.catch(failed)
    } catch (hookError) {
      failed(hookError)
    }
  }
}
