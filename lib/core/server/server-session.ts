// A client's session at the server: its identity, the state that actions keep for it, and whether its client is there. Leaves
// the client's calls to session-runs.ts, and calls to the client to session-caller.ts.
//
//               attach      lose      leavePage   dismiss   end
//   new         connected                                   ended    not stored yet
//   connected   connected   away      left        leaving   ended
//   away        connected                         leaving   ended    its lease runs
//   left        connected                         leaving   ended    likewise, but a shorter one: its page was left
//   leaving     leaving     leaving   leaving               ended    ended by the program; its last answers are sent
//   ended                   ended     ended                 ended    what is late has no effect
import type { Account } from '../accounting/account.ts'
import { holdersOf } from '../accounting/fair-places.ts'
import type { HeldKind } from '../accounting/held.ts'
import type { Holder } from '../accounting/holders.ts'
import { type Meter, unaccounted } from '../accounting/meter.ts'
import type { ActionClass } from '../action/action.ts'
import type { Call } from '../action/call.ts'
import type { Caller, CallOf, Identity, SessionView } from '../action/context.ts'
import type { NamedArguments, RunArguments } from '../action/inference.ts'
import type { RunOptions } from '../action/run-options.ts'
import { type IsockError, ServerError } from '../base/errors.ts'
import { invalidOption, type Limits } from '../base/options.ts'
import { type MoveOf, type StateOf, StateTable } from '../base/state-table.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { LinkEnding } from '../link/frame-sink.ts'
import type { Peer } from '../link/link.ts'
import { Session } from '../session/session.ts'
import type { SessionOwner } from '../session/session-owner.ts'
import { SessionCaller, type SessionCallerOptions } from './session-caller.ts'
import { SessionRuns, type SessionRunsOptions } from './session-runs.ts'

/** The most characters of a reason sent to its client. */
const longestReason = 400

/** What all sessions of a server share. */
export interface SessionSurroundings extends SessionRunsOptions, SessionCallerOptions {
  readonly limits: Limits
  /** The reason why none of its calls is currently accepted, if any. */
  refusal(session: ServerSession): IsockError | undefined
  onLinkLost(session: ServerSession, how: LinkEnding): void
  onLeft(session: ServerSession): void
  /** Called when it must end, for this reason. */
  onDismissed(session: ServerSession, reason: IsockError): void
  /** Called when one of its calls was answered while it had no link. */
  onAnsweredAway(session: ServerSession): void
}

export const sessionPhases = new StateTable('server session', {
  new: { attach: 'connected', end: 'ended' },
  connected: { attach: 'connected', lose: 'away', leavePage: 'left', dismiss: 'leaving', end: 'ended' },
  away: { attach: 'connected', dismiss: 'leaving', end: 'ended' },
  left: { attach: 'connected', dismiss: 'leaving', end: 'ended' },
  leaving: { attach: 'leaving', lose: 'leaving', leavePage: 'leaving', end: 'ended' },
  ended: { lose: 'ended', leavePage: 'ended', end: 'ended' },
})

export class ServerSession implements SessionView, SessionOwner, Caller {
  /** From the last handshake or revalidation; set by the store. */
  identity: Identity | undefined
  /** The name that the client gave itself; undefined if it has none, or another client has taken it over. */
  name: string | undefined
  /** The account of what the server holds for it; undefined before it was accepted. Set by the store. */
  account: Account | undefined
  /** Another server had it before. Set by the store. */
  wasAdopted = false
  readonly core: Session
  readonly callee: SessionRuns
  readonly #shared: SessionSurroundings
  #phase: StateOf<typeof sessionPhases> = 'new'
  #dismissal: IsockError | undefined
  #meters: Map<HeldKind, Meter> | undefined
  #state: Map<string, unknown> | undefined
  #caller: SessionCaller | undefined

  constructor(shared: SessionSurroundings, identity: Identity | undefined) {
    this.#shared = shared
    this.identity = identity
    this.callee = new SessionRuns(this, shared)
    this.core = new Session(shared, this)
  }

  get id(): string {
    return this.core.id
  }

  get peer(): Peer | undefined {
    return this.core.peer
  }

  get isConnected(): boolean {
    return this.core.isAttached
  }

  /** Whether it has no link because its page was left. */
  get hasLeftPage(): boolean {
    return this.#phase === 'left'
  }

  get state(): Map<string, unknown> {
    this.#state ??= new Map()
    return this.#state
  }

  /** The holder that its calls count for. */
  get holder(): Holder {
    // It is stored before it can call.
    return (this.account as Account).part.address
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

  runAction<Output = unknown, Item = unknown, Name = string>(
    name: Name,
    ...args: NamedArguments<Name, RunOptions>
  ): Call<Output, Item>
  runAction<C extends ActionClass>(action: C, ...args: RunArguments<C, RunOptions>): CallOf<C>
  runAction(action: unknown, data?: unknown, options?: RunOptions): Call<never, never, never> {
    return this.caller.start(action, data, options)
  }

  /** Made when first needed: few servers call their clients. */
  get caller(): SessionCaller {
    this.#caller ??= new SessionCaller(this.core, this.#shared)
    return this.#caller
  }

  /** Continues over this link, whose client was admitted. */
  attach(link: FrameLink): void {
    this.#move('attach')
    this.core.attach(link)
  }

  /** Gives up its link, because another page of the client takes the session over. */
  leaveLink(reason: IsockError): void {
    this.#move('lose')
    this.core.leaveLink(reason)
  }

  onLinkLost(reason: IsockError, how: LinkEnding): void {
    this.#move(how === 'gone' ? 'leavePage' : 'lose')
    this.core.countFault(reason, 'link lost')
    this.#shared.onLinkLost(this, how)
  }

  onPeerLeft(): void {
    this.#shared.onLeft(this)
  }

  end(reason = 'no reason was given'): void {
    if (typeof reason !== 'string') throw invalidOption('reason', 'a string', reason)
    if (!sessionPhases.allows(this.#phase, 'dismiss')) return
    this.#move('dismiss')
    const message = `the server ended this session: ${reason.slice(0, longestReason)}`
    this.#dismissal = new ServerError(message, { code: 'SESSION_ENDED', notStarted: true })
    this.#shared.onDismissed(this, this.#dismissal)
  }

  /** Ends it for good. Settles when everything is released. */
  finish(reason: IsockError, farewell: 'say bye' | 'say why' | 'silent'): Promise<void> {
    this.#move('end')
    return this.core.end(reason, farewell)
  }

  refusal(): IsockError | undefined {
    return this.#dismissal ?? this.#shared.refusal(this)
  }

  onAnsweredAway(): void {
    this.#shared.onAnsweredAway(this)
  }

  #move(move: MoveOf<typeof sessionPhases>): void {
    this.#phase = sessionPhases.next(this.#phase, move)
  }
}
