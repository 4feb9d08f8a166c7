// A client's session at the server: its core session, its identity, and the state that actions keep for it.
import type { Account } from '../accounting/account.ts'
import { holdersOf } from '../accounting/fair-places.ts'
import type { HeldKind } from '../accounting/held.ts'
import type { Holder } from '../accounting/holders.ts'
import { type Meter, unaccounted } from '../accounting/meter.ts'
import type { ActionClass } from '../action/action.ts'
import type { ActionRunner } from '../action/action-runner.ts'
import type { Call } from '../action/call.ts'
import { CallStarter } from '../action/call-starter.ts'
import type { Caller, Identity, ServerView, SessionView } from '../action/context.ts'
import type { ItemOf, OutputOf, RunArguments } from '../action/inference.ts'
import type { CallRouter, PendingCall } from '../action/pending-call.ts'
import type { RunSurroundings } from '../action/run-context.ts'
import type { RunOptions, RunParent } from '../action/run-options.ts'
import type { Clock } from '../base/clock.ts'
import { type IsockError, ServerError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { invalidOption, type Limits } from '../base/options.ts'
import type { LinkEnding } from '../link/frame-sink.ts'
import type { Peer } from '../link/link.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import { Session } from '../session/session.ts'
import type { SessionOwner } from '../session/session-owner.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { encodeThrown } from '../wire/encode-thrown.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { discreet } from '../wire/rich/discreet-error.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import type { RunStarter } from './call-turns.ts'
import type { RunQueue } from './run-queue.ts'

/** The most characters of a reason sent to its client. */
const longestReason = 400

/** What all sessions of a server share. */
export interface SessionSurroundings {
  readonly clock: Clock
  readonly limits: Limits
  readonly codec: ValueCodec
  readonly classes: ClassRegistry
  readonly runner: ActionRunner
  readonly runs: RunQueue
  readonly server: ServerView
  readonly log: Logger
  readonly retry: number
  /** The reason why none of its calls is currently accepted, if any. */
  refusal(session: ServerSession): IsockError | undefined
  onLinkLost(session: ServerSession, how: LinkEnding): void
  onLeft(session: ServerSession): void
  /** Called when it must end, for this reason. */
  onDismissed(session: ServerSession, reason: IsockError): void
  /** Called when one of its calls was answered while it had no link. */
  onAnsweredAway(session: ServerSession): void
}

export class ServerSession implements SessionView, SessionOwner, RunSurroundings, RunStarter, CallRouter, Caller {
  /** From the last handshake or revalidation; set by the store. */
  identity: Identity | undefined
  /** The name that the client gave itself; undefined if it has none, or another client has taken it over. */
  name: string | undefined
  readonly core: Session
  /** Whether its last link ended because its page was left. Set by the store. */
  hasLeftPage = false
  /** The account of what the server holds for it; undefined before it was accepted. Set by the store. */
  account: Account | undefined
  readonly #shared: SessionSurroundings
  #meters: Map<HeldKind, Meter> | undefined
  #state: Map<string, unknown> | undefined
  #starter: CallStarter | undefined
  #dismissal: IsockError | undefined

  constructor(shared: SessionSurroundings, identity: Identity | undefined) {
    this.#shared = shared
    this.identity = identity
    this.core = new Session(shared, this)
  }

  get id(): string {
    return this.core.id
  }

  /** The holder that its calls count for. */
  get holder(): Holder {
    // It is stored before it can call.
    return (this.account as Account).part.address
  }

  get peer(): Peer | undefined {
    return this.core.peer
  }

  get isConnected(): boolean {
    return this.core.isAttached
  }

  get state(): Map<string, unknown> {
    this.#state ??= new Map()
    return this.#state
  }

  /** The holders it counts for when something is shared fairly: its address, and its identity if it has one. */
  get holders(): readonly object[] {
    return this.account === undefined ? [this] : holdersOf(this.account)
  }

  /** The meter for what features hold for it, of this kind. All features share it, so they must only report changes. */
  held(kind: HeldKind): Meter {
    this.#meters ??= new Map()
    let meter = this.#meters.get(kind)
    if (meter === undefined) {
      meter = (this.account ?? unaccounted).meter(kind)
      this.#meters.set(kind, meter)
    }
    return meter
  }

  end(reason = 'no reason was given'): void {
    if (typeof reason !== 'string') throw invalidOption('reason', 'a string', reason)
    if (this.#dismissal !== undefined || this.core.isEnded) return
    const message = `the server ended this session: ${reason.slice(0, longestReason)}`
    this.#dismissal = new ServerError(message, { code: 'SESSION_ENDED', notStarted: true })
    this.#shared.onDismissed(this, this.#dismissal)
  }

  get session(): SessionView {
    return this
  }

  get server(): ServerView {
    return this.#shared.server
  }

  get log(): Logger {
    return this.#shared.log
  }

  get clock(): Clock {
    return this.#shared.clock
  }

  nowMs(): number {
    return this.#shared.clock.now()
  }

  runAction<C extends ActionClass>(action: C, ...args: RunArguments<C, RunOptions>): Call<OutputOf<C>, ItemOf<C>>
  runAction<Output = unknown, Item = unknown>(name: string, data?: unknown, options?: RunOptions): Call<Output, Item>
  runAction(action: unknown, data?: unknown, options?: RunOptions): Call<never, never> {
    return this.#callStarter.start(action, data, options)
  }

  /** A caller whose calls inherit the remaining time and the signal of a run. */
  callerFor(parent: RunParent): Caller {
    const starter = this.#callStarter
    return {
      runAction: (action: unknown, data?: unknown, options?: RunOptions) =>
        starter.start(action, data, options, parent),
    }
  }

  startCall(call: IncomingCall): void {
    this.#shared.runs.start(call, this)
  }

  run(call: IncomingCall): void {
    this.#shared.runner.start(call, this, this.core.grant?.peerLimits.maxFrameBytes ?? 0)
  }

  encodeError(error: IsockError): Payload {
    return encodeThrown(this.#shared.codec, discreet(error, this.#shared.classes))
  }

  refusal(): IsockError | undefined {
    return this.#dismissal ?? this.#shared.refusal(this)
  }

  onLinkLost(reason: IsockError, how: LinkEnding): void {
    this.core.countFault(reason, 'link lost')
    this.#shared.onLinkLost(this, how)
  }

  onAnsweredAway(): void {
    this.#shared.onAnsweredAway(this)
  }

  onWaiting(): void {
    // Its client may have disconnected during admission.
    if (!this.isConnected) this.#shared.onAnsweredAway(this)
  }

  onPeerLeft(): void {
    this.#shared.onLeft(this)
  }

  submit(call: PendingCall): void {
    this.core.outgoing.submit(call)
  }

  giveUpDelayed(): void {
    // A server delays no calls: they wait in the session.
  }

  retryLater(): boolean {
    return false
  }

  get #callStarter(): CallStarter {
    const { codec, classes, clock, retry } = this.#shared
    this.#starter ??= new CallStarter({
      codec,
      classes,
      clock,
      router: this,
      defaults: { retry, timeoutMs: undefined },
    })
    return this.#starter
  }
}
