// The context of a run that the server's own program starts: without a call, a session or a client.
import { BaseContext, type ContextSurroundings } from '../../core/action/base-context.ts'
import type { ServerView } from '../../core/action/context.ts'
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

export class OwnContext extends BaseContext {
  readonly #emit: OwnContextParts['emit']

  constructor({ actionName, server, log, clock, signal, deadlineAtMs, emit }: OwnContextParts) {
    super(
      { seq: 0, name: actionName, attempt: 1, metadata: undefined, signal, deadlineAtMs },
      new OwnSurroundings(server, log, clock),
    )
    this.#emit = emit
  }

  /** A service's context has no `db`: see RunningContext. */
  get db(): never {
    return undefined as never
  }

  get emit(): (value: unknown) => Promise<void> {
    return this.#emit
  }
}

class OwnSurroundings implements ContextSurroundings {
  readonly server: ServerView
  readonly log: Logger
  readonly #clock: Clock

  constructor(server: ServerView, log: Logger, clock: Clock) {
    this.server = server
    this.log = log
    this.#clock = clock
  }

  get session(): never {
    throw noClient('context.session')
  }

  callerFor(): never {
    throw noClient('context.client')
  }

  nowMs(): number {
    return this.#clock.now()
  }
}

function noClient(what: string): ServerError {
  const message = `${what}: the server itself started this run, so it has no client; context.callId is 0 in such a run`
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
