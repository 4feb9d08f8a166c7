// The surroundings of an action that runs on a client, called by its server.
import type { CallStarter } from '../action/call-starter.ts'
import type { Caller, ServerView, SessionView } from '../action/context.ts'
import type { RunSurroundings } from '../action/run-context.ts'
import type { RunOptions, RunParent } from '../action/run-options.ts'
import { ClientError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Peer } from '../link/link.ts'
import type { Session } from '../session/session.ts'
import type { ResolvedClientOptions } from './client-options.ts'

export class ClientSurroundings implements RunSurroundings, SessionView {
  readonly identity = undefined
  readonly name = undefined
  readonly state: Map<string, unknown> = new Map()
  readonly #session: Session
  readonly #starter: CallStarter
  readonly #options: ResolvedClientOptions

  constructor(session: Session, starter: CallStarter, options: ResolvedClientOptions) {
    this.#session = session
    this.#starter = starter
    this.#options = options
  }

  get id(): string {
    return this.#session.id
  }

  get peer(): Peer | undefined {
    return this.#session.peer
  }

  get isConnected(): boolean {
    return this.#session.isAttached
  }

  end(): void {
    throw new ClientError('this action runs on a client: only the server ends sessions; close the client instead')
  }

  get session(): SessionView {
    return this
  }

  get server(): ServerView {
    throw new ClientError('this action runs on a client: there is no context.server here')
  }

  get log(): Logger {
    return this.#options.log
  }

  nowMs(): number {
    return this.#options.clock.now()
  }

  callerFor(parent: RunParent): Caller {
    const starter = this.#starter
    return {
      runAction: (action: unknown, data?: unknown, options?: RunOptions) =>
        starter.start(action, data, options, parent),
    }
  }
}
