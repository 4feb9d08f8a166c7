// Runs the calls of a client, in its server session: the callee of the session, and what its runs see. The run queue decides
// when a call starts.
import type { Holder } from '../accounting/holders.ts'
import type { ActionRunner } from '../action/action-runner.ts'
import type { Caller, ServerView, SessionView } from '../action/context.ts'
import type { RunSurroundings } from '../action/run-context.ts'
import type { RunParent } from '../action/run-options.ts'
import type { Clock } from '../base/clock.ts'
import type { IsockError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Session } from '../session/session.ts'
import type { Callee } from '../session/session-owner.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { encodeThrown } from '../wire/encode-thrown.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { discreet } from '../wire/rich/discreet-error.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import type { RunStarter } from './call-turns.ts'
import type { RunQueue } from './run-queue.ts'
import type { SessionCaller } from './session-caller.ts'

/** The session whose client calls. */
export interface CallingSession extends SessionView {
  readonly core: Session
  readonly holder: Holder
  readonly caller: SessionCaller
  /** The reason why none of its calls is currently accepted, if any. */
  refusal(): IsockError | undefined
  /** Called when one of its calls was answered, or waits for the client, while it has no link. */
  onAnsweredAway(): void
}

export interface SessionRunsOptions {
  readonly clock: Clock
  readonly codec: ValueCodec
  readonly classes: ClassRegistry
  readonly runner: ActionRunner
  readonly runs: RunQueue
  readonly server: ServerView
  readonly log: Logger
}

export class SessionRuns implements Callee, RunStarter, RunSurroundings {
  readonly session: CallingSession
  readonly #options: SessionRunsOptions

  constructor(session: CallingSession, options: SessionRunsOptions) {
    this.session = session
    this.#options = options
  }

  startCall(call: IncomingCall): void {
    this.#options.runs.start(call, this)
  }

  get holder(): Holder {
    return this.session.holder
  }

  run(call: IncomingCall): void {
    this.#options.runner.start(call, this, this.session.core.grant?.peerLimits.maxFrameBytes ?? 0)
  }

  encodeError(error: IsockError): Payload {
    const { codec, classes } = this.#options
    return encodeThrown(codec, discreet(error, classes))
  }

  refusal(): IsockError | undefined {
    return this.session.refusal()
  }

  onAnsweredAway(): void {
    this.session.onAnsweredAway()
  }

  get server(): ServerView {
    return this.#options.server
  }

  get log(): Logger {
    return this.#options.log
  }

  nowMs(): number {
    return this.#options.clock.now()
  }

  callerFor(parent: RunParent): Caller {
    return this.session.caller.within(parent)
  }

  onWaiting(): void {
    // The client may have disconnected during admission.
    if (!this.session.isConnected) this.session.onAnsweredAway()
  }
}
