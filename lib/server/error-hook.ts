// Where errors go that are nobody's answer: the log, and the server's `onError`.
import type { SessionView } from '../action/context.ts'
import type { Logger } from '../base/log.ts'
import type { ErrorOrigin } from './server-options.ts'

type OnError = (error: unknown, where: ErrorOrigin) => void

export class ErrorHook {
  readonly #log: Logger
  readonly #onError: OnError | undefined

  constructor(log: Logger, onError: OnError | undefined) {
    this.#log = log
    this.#onError = onError
  }

  /** An action threw; its client gets that anyway. */
  thrown(error: unknown, action: string, session: SessionView): void {
    this.#log.debug({ action, session: session.id, error }, 'an action threw')
    this.#tell(error, { action, session })
  }

  /** Something else failed; `origin` says what. */
  report(error: unknown, origin: string): void {
    this.#log.error({ origin, error }, `${origin} failed`)
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
