// A client's session with one server, and the state of its link. Connects when a link is needed, and reconnects when it is lost.
// Leaves each attempt to connector.ts.
//
//               open        welcome   lose     fail     drain     close
//   idle        connecting                                        closed    no link, and none needed
//   connecting              ready              idle               closed
//   ready                             idle              draining  closed
//   draining                          retired           draining  closed    the server drains: no new calls, sent ones finish
//   retired     resuming                                          closed    it drained when the link was lost
//   resuming                draining           retired            closed
//   closed                  closed    closed   closed             closed    late events have no effect
import { ClientError, type IsockError, LinkError, ServerError } from '../base/errors.ts'
import { type MoveOf, type StateOf, StateTable } from '../base/state-table.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { OutgoingCall } from '../session/outgoing-call.ts'
import { Session } from '../session/session.ts'
import type { Callee, SessionOwner } from '../session/session-owner.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Feature, type WelcomeFrame } from '../wire/frames/frame.ts'
import { attemptUntilDone } from './attempts.ts'
import type { ClientEvents } from './client-events.ts'
import type { ResolvedClientOptions } from './client-options.ts'
import { ConnectWaiters } from './connect-waiters.ts'
import { asIsockError, type Connector, isFinal } from './connector.ts'
import { watchLink } from './link-watch.ts'
import { ReconnectDelay } from './reconnect-delay.ts'
import { type OtherAddresses, SessionHome } from './session-home.ts'

/** What a connection needs of its client. */
export interface ConnectionOwner {
  /** Runs the calls that the server makes over this connection. */
  calleeOf(connection: Connection): Callee
  decodeError(error: Payload): IsockError
  /** Called when the server takes no new calls. These must be sent to another one. */
  onRetired(connection: Connection, calls: OutgoingCall[]): void
  onClosed(connection: Connection): void
  /** Called when the server has ended the session with a reason. The connection must be closed. */
  onDismissed(connection: Connection, reason: IsockError): void
  /** Emits an event to the listeners of the client. */
  emit<E extends keyof ClientEvents>(event: E, detail: ClientEvents[E]): void
  /** Whether to stay connected while no call is open. */
  readonly isKeptConnected: boolean
}

export const connectionStates = new StateTable('connection', {
  idle: { open: 'connecting', close: 'closed' },
  connecting: { welcome: 'ready', fail: 'idle', close: 'closed' },
  ready: { lose: 'idle', drain: 'draining', close: 'closed' },
  draining: { lose: 'retired', drain: 'draining', close: 'closed' },
  retired: { open: 'resuming', close: 'closed' },
  resuming: { welcome: 'draining', fail: 'retired', close: 'closed' },
  closed: { welcome: 'closed', lose: 'closed', fail: 'closed', close: 'closed' },
})

export class Connection implements SessionOwner {
  readonly session: Session
  readonly callee: Callee
  readonly #options: ResolvedClientOptions
  readonly #connector: Connector
  readonly #owner: ConnectionOwner
  readonly #abort = new AbortController()
  readonly #delay: ReconnectDelay
  readonly #home: SessionHome
  readonly #waiters = new ConnectWaiters()
  #state: StateOf<typeof connectionStates> = 'idle'
  /** The last fault. Undefined while it is connected, or does not need to be. */
  #fault: IsockError | undefined
  #attempts = 0
  /** Stops watching for process exit and network changes, while it has a link. */
  #endWatch: (() => void) | undefined

  constructor(options: ResolvedClientOptions, connector: Connector, owner: ConnectionOwner) {
    this.#options = options
    this.#connector = connector
    this.#owner = owner
    this.#delay = new ReconnectDelay(options, this.#abort.signal)
    this.callee = owner.calleeOf(this)
    this.session = new Session(options, this)
    this.#home = new SessionHome(this.session, options.clock, othersOf(options), options.stored)
  }

  get isReady(): boolean {
    return this.#state === 'ready' || this.#state === 'draining'
  }

  submit(call: OutgoingCall): void {
    this.session.outgoing.submit(call)
    this.#openIfIdle()
  }

  /** Connects if needed. Rejects when the retries are used up, or the server rejects this client. */
  connect(): Promise<void> {
    if (this.isReady) return Promise.resolve()
    const connected = this.#waiters.wait(this.#options.retry)
    this.#openIfIdle()
    return connected
  }

  /** Ends the session and settles open calls. */
  async close(reason: IsockError): Promise<void> {
    if (this.#isClosed) return
    this.#move('close')
    this.#abort.abort(reason)
    this.#waiters.rejectAll(reason)
    this.#endWatch?.()
    this.#home.leave()
    const released = this.session.end(reason, 'say bye')
    this.#owner.onClosed(this)
    await released
  }

  onLinkLost(reason: IsockError): void {
    const state = this.#move('lose')
    if (state === 'closed') return
    this.#fault = reason
    this.#endWatch?.()
    if (state === 'idle') this.#owner.emit('disconnect', { reason })
    this.session.countFault(reason, 'link lost')
    if (this.#needsLink) this.#open()
    else this.#closeIfSpent()
  }

  onPeerDrains(): void {
    const isKnown = this.#isRetired
    this.#move('drain')
    if (isKnown) return
    if (this.#home.address !== undefined) this.#connector.preferNextTo(this.#home.address)
    this.#owner.onRetired(this, this.session.outgoing.takeWaiting())
    this.#closeIfSpent()
  }

  /** Called when the server has ended the session, and will never answer the open calls. */
  onPeerLeft(isClean: boolean, error: Payload | undefined): void {
    const final = error === undefined ? undefined : this.#owner.decodeError(error)
    const cause = final ?? new ServerError('the server ended the session', { code: 'SHUTTING_DOWN' })
    this.session.forget(cause, isClean ? 'server left' : 'session lost')
    // The server has dismissed this client: nothing is resent, and only a new call connects again.
    if (final !== undefined) return this.#owner.onDismissed(this, final)
    if (this.#isRetired) this.#owner.onRetired(this, this.session.outgoing.takeWaiting())
    this.session.dropLink(new LinkError('the server ended the session'), 'flush')
  }

  onBusyChange(isBusy: boolean): void {
    this.session.keepProcessAlive(isBusy)
    if (!isBusy) this.#closeIfSpent()
  }

  #move<M extends MoveOf<typeof connectionStates>>(move: M) {
    const state = connectionStates.next(this.#state, move)
    this.#state = state
    return state
  }

  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  get #isRetired(): boolean {
    return this.#state === 'draining' || this.#state === 'retired' || this.#state === 'resuming'
  }

  /** Whether a link is needed. */
  get #needsLink(): boolean {
    if (this.#isClosed) return false
    if (this.session.outgoing.openCount > 0 || !this.#waiters.isEmpty) return true
    return this.#owner.isKeptConnected && !this.#isRetired
  }

  /** Closes a retired connection when its last call has ended. */
  #closeIfSpent(): void {
    if (!this.#isRetired || this.session.isBusy) return
    void Promise.resolve().then(() => {
      if (!this.session.isBusy)
        void this.close(new ClientError('the server drains', { code: 'CLOSED', notStarted: true }))
    })
  }

  #openIfIdle(): void {
    if (connectionStates.allows(this.#state, 'open')) this.#open()
  }

  #open(): void {
    this.#move('open')
    this.#home.onLinkNeeded()
    this.#connectWithRetry().catch((error: unknown) => this.#onGivenUp(error))
  }

  async #connectWithRetry(): Promise<void> {
    const { signal } = this.#abort
    const wait = this.#delay.beforeFirst(this.#isAwaited)
    if (wait !== undefined) await wait
    let isHomeOnly = false
    const attempt = (): Promise<void> => {
      const reason = this.#fault
      if (reason !== undefined) this.#owner.emit('reconnecting', { attempt: ++this.#attempts, reason })
      isHomeOnly = this.#home.isOnlyChoice
      return this.#connector.connect(this.#home, signal, this.#onWelcome, isHomeOnly ? 'at home' : 'anywhere')
    }
    await attemptUntilDone(attempt, {
      signal,
      onFailure: async (error) => {
        if (isFinal(error) || signal.aborted) return false
        this.#countFault(asIsockError(error), isHomeOnly)
        if (this.#needsLink) await this.#delay.beforeNext(this.#isAwaited)
        return this.#needsLink
      },
    })
  }

  /** Whether anything waits for a link, which keeps the process alive. */
  get #isAwaited(): boolean {
    return this.session.isBusy || !this.#waiters.isEmpty
  }

  #countFault(error: IsockError, wasHomeOnly: boolean): void {
    this.#fault = error
    this.#options.log.debug({ error: error.message }, 'cannot connect')
    this.session.countFault(error, wasHomeOnly ? 'cannot resume' : 'cannot connect', this.#options.patienceMs)
    // The other addresses have not been tried yet.
    if (!wasHomeOnly) this.#waiters.countFault(error)
  }

  readonly #onWelcome = (link: FrameLink, welcome: WelcomeFrame, address: Address): void => {
    if (this.#move('welcome') === 'closed') {
      link.close(new LinkError('the client was closed'), 'abort')
      return
    }
    this.#delay.onConnected()
    const terms = { peerLimits: welcome.limits, peerFeatures: welcome.features }
    // A client that takes over the session of a former page has no calls in that session.
    if (!welcome.resumed || (welcome.features & Feature.FreshCaller) !== 0) {
      if (this.session.grant !== undefined) this.session.forget(lostSession())
      this.session.begin({ id: welcome.sessionId, resumeSecret: welcome.resumeSecret, ...terms })
      this.#home.moveTo(address)
    } else if ((welcome.features & Feature.Adopted) !== 0) {
      this.session.onAdopted(terms, formerServerGone())
      this.#home.moveTo(address)
    }
    this.#fault = undefined
    this.#attempts = 0
    this.session.attach(link)
    const { stored, onExit, onWakeUp } = this.#options
    // This page must not end a session that another page may continue.
    this.#endWatch?.()
    this.#endWatch = watchLink(this.session, { onExit: stored === undefined ? onExit : undefined, onWakeUp })
    this.session.keepProcessAlive(this.session.isBusy)
    this.#waiters.resolveAll()
    const { sessionId: session, resumed: isResumed } = welcome
    this.#owner.emit('connect', { address: formatAddress(address), session, isResumed })
  }

  /** Called when no link is needed any more, or no attempt can succeed. */
  #onGivenUp(error: unknown): void {
    if (this.#move('fail') === 'closed') return
    const cause = asIsockError(error)
    if (isFinal(error)) {
      this.session.outgoing.failAll(cause)
      this.#waiters.rejectAll(cause)
    } else if (this.#needsLink) this.#open()
    this.#closeIfSpent()
  }
}

function othersOf({ addresses, given }: ResolvedClientOptions): OtherAddresses {
  if (addresses.length === 1) return 'none'
  return given.sharedSessions === true ? 'share sessions' : 'know no sessions'
}

function formerServerGone(): ServerError {
  return new ServerError('another server has adopted the session')
}

function lostSession(): ServerError {
  return new ServerError('the server has forgotten the session: it was restarted, or the lease has expired')
}
