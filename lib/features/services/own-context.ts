// The context of a run that the server's own program starts: without a call, a session or a client.
import type { Caller, Context, ServerView, SessionView } from '../../core/action/context.ts'
import type { Clock } from '../../core/base/clock.ts'
import { ServerError } from '../../core/base/errors.ts'
import type { Logger } from '../../core/base/log.ts'

export interface OwnContextParts {
  readonly actionName: string
  readonly server: ServerView
  readonly log: Logger
  readonly clock: Clock
  readonly signal: AbortSignal
  /** On the clock; Infinity: none. */
  readonly deadlineAtMs: number
  readonly emit: (value: unknown) => Promise<void>
}

export class OwnContext implements Context<unknown> {
  readonly #parts: OwnContextParts
  readonly callId = 0
  readonly attempt = 1

  constructor(parts: OwnContextParts) {
    this.#parts = parts
  }

  get actionName(): string {
    return this.#parts.actionName
  }

  get session(): SessionView {
    throw noClient('context.session')
  }

  get client(): Caller {
    throw noClient('context.client')
  }

  get server(): ServerView {
    return this.#parts.server
  }

  get publish(): ServerView['publish'] {
    const { server } = this.#parts
    return (topic, message, options) => server.publish(topic, message, options)
  }

  /** A service's context has no `db`: see RunningContext. */
  get db(): Context['db'] {
    return undefined as never
  }

  get signal(): AbortSignal {
    return this.#parts.signal
  }

  get deadline(): Date | undefined {
    const left = this.remainingMs
    return left === Number.POSITIVE_INFINITY ? undefined : new Date(Date.now() + left)
  }

  get remainingMs(): number {
    const { deadlineAtMs, clock } = this.#parts
    return Math.max(0, deadlineAtMs - clock.now())
  }

  get log(): Logger {
    return this.#parts.log
  }

  get emit(): (value: unknown) => Promise<void> {
    return this.#parts.emit
  }
}

function noClient(what: string): ServerError {
  const message = `${what}: the server itself started this run, so it has no client; context.callId is 0 in such a run`
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
