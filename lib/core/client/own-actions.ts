// Runs the server's calls to a client: the client's own actions, with the surroundings of their session.
import { ActionRunner } from '../action/action-runner.ts'
import type { CallStarter } from '../action/call-starter.ts'
import type { ActionRegistry } from '../action/registry.ts'
import { ThrownErrors } from '../action/thrown-errors.ts'
import type { IsockError } from '../base/errors.ts'
import { errorIdOf } from '../base/remote.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Session } from '../session/session.ts'
import type { SessionGrant } from '../session/session-grant.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { encodeThrown } from '../wire/encode-thrown.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { discreet } from '../wire/rich/discreet-error.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import type { ResolvedClientOptions } from './client-options.ts'
import { ClientSurroundings } from './client-surroundings.ts'

export interface OwnActionsOptions {
  readonly registry: ActionRegistry
  readonly codec: ValueCodec
  readonly classes: ClassRegistry
  /** For calls that actions make. */
  readonly starter: CallStarter
  readonly options: ResolvedClientOptions
}

export class OwnActions {
  readonly #own: OwnActionsOptions
  readonly #runner: ActionRunner
  /** The surroundings of actions, by session. */
  readonly #surroundings = new WeakMap<SessionGrant, ClientSurroundings>()

  constructor(own: OwnActionsOptions) {
    const { registry, codec, classes, options } = own
    const { given, clock, log } = options
    const thrown = new ThrownErrors({ classes, clock, log, isQuiet: false })
    this.#own = own
    this.#runner = new ActionRunner({
      registry,
      codec,
      classes,
      exposeStacks: given.exposeStacks ?? false,
      exposeErrors: given.exposeErrors ?? false,
      inheritContext: false,
      onThrown: (error, { name, seq }, session) => {
        thrown.thrown(error, name, { action: name, errorId: errorIdOf(session.id, seq) })
        return undefined
      },
    })
  }

  /** In a browser, settles when the code is loaded; elsewhere, immediately. */
  async load(): Promise<void> {}

  start(session: Session, call: IncomingCall): void {
    const grant = session.grant as SessionGrant // set before the first call
    let surroundings = this.#surroundings.get(grant)
    if (surroundings === undefined) {
      surroundings = new ClientSurroundings(session, this.#own.starter, this.#own.options)
      this.#surroundings.set(grant, surroundings)
    }
    this.#runner.start(call, surroundings, grant.peerLimits.maxFrameBytes)
  }

  encodeError(error: IsockError): Payload {
    const { codec, classes } = this.#own
    return encodeThrown(codec, discreet(error, classes))
  }
}
