// A client's session with one server, and the links that it goes on over: connects when there is something to do,
// connects again when a link is lost, counts each failed attempt for the calls that wait for it.
//
//   idle ──> connecting ──> ready        idle: no link, and nothing to do
//    ↑           │            │          retired: the server drains; sent calls finish, no new ones are taken
//    └───────────┴── lost ────┘
//   any ──> retired ──> closed           any ──> closed
import { Backoff } from '../base/backoff.ts'
import { sleep } from '../base/clock.ts'
import { ClientError, type IsockError, LinkError, ServerError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { type Address, formatAddress } from '../link/address.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { OutgoingCall } from '../session/outgoing-call.ts'
import { Session } from '../session/session.ts'
import type { SessionOwner } from '../session/session-owner.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Feature, type WelcomeFrame } from '../wire/frames/frame.ts'
import { attemptUntilDone } from './attempts.ts'
import type { ClientEvents } from './client-events.ts'
import type { ResolvedClientOptions } from './client-options.ts'
import { ConnectWaiters } from './connect-waiters.ts'
import { asIsockError, type Connector, isFinal } from './connector.ts'
import { Farewell } from './farewell.ts'
import { SessionHome } from './session-home.ts'

/** What a connection needs of its client. */
export interface ConnectionOwner {
  startCall(session: Session, call: IncomingCall): void
  /** Settles when calls can be started; asked before the first one where that takes time. */
  prepareForCalls(): Promise<void>
  encodeError(error: IsockError): Payload
  decodeError(error: Payload): IsockError
  /** The server takes no new calls: these are to be sent elsewhere. */
  onRetired(connection: Connection, calls: OutgoingCall[]): void
  onClosed(connection: Connection): void
  /** The server ended the session and said why: it is to be closed. */
  onDismissed(connection: Connection, reason: IsockError): void
  /** For those who listen. */
  tell<E extends keyof ClientEvents>(event: E, detail: ClientEvents[E]): void
  /** Stay connected although no call is open. */
  readonly isKeptConnected: boolean
}

/** A link that lived for less is a sign to wait before the next. */
const shortLifeMs = 1_000

export class Connection implements SessionOwner {
  readonly session: Session
  readonly #options: ResolvedClientOptions
  readonly #connector: Connector
  readonly #owner: ConnectionOwner
  readonly #abort = new AbortController()
  readonly #farewell: Farewell
  readonly #home: SessionHome
  readonly #waiters = new ConnectWaiters()
  #state: 'idle' | 'connecting' | 'ready' | 'closed' = 'idle'
  #isRetired = false
  /** Why it is not connected; undefined: it is, or was not asked to be. */
  #fault: IsockError | undefined
  #attempts = 0
  #backoff: Backoff
  #connectedAtMs = Number.NEGATIVE_INFINITY
  /** For news of the network, while there is a link. */
  #stopListening: (() => void) | undefined

  constructor(options: ResolvedClientOptions, connector: Connector, owner: ConnectionOwner) {
    this.#options = options
    this.#connector = connector
    this.#owner = owner
    this.#backoff = new Backoff(options.backoff, options.random)
    this.session = new Session(options, this)
    const { stored } = options
    // Where another page is to go on in the session, this one does not end it.
    this.#farewell = new Farewell(this.session, stored === undefined ? options.onExit : undefined)
    this.#home = new SessionHome(this.session, options.clock, options.addresses.length > 1, stored)
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  submit(call: OutgoingCall): void {
    this.session.outgoing.submit(call)
    if (this.#state === 'idle') this.#open()
  }

  /** Connects if need be. Rejects when the retries are used up, or the server does not let us in. */
  connect(): Promise<void> {
    if (this.#state === 'ready') return Promise.resolve()
    const connected = this.#waiters.wait(this.#options.retry)
    if (this.#state === 'idle') this.#open()
    return connected
  }

  /** Ends the session and settles what is open. */
  async close(reason: IsockError): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#abort.abort(reason)
    this.#waiters.rejectAll(reason)
    this.#farewell.disarm()
    this.#stopListening?.()
    this.#home.leave()
    const released = this.session.end(reason, 'say bye')
    this.#owner.onClosed(this)
    await released
  }

  startCall(call: IncomingCall): void {
    this.#owner.startCall(this.session, call)
  }

  prepareForCalls(): Promise<void> {
    return this.#owner.prepareForCalls()
  }

  encodeError(error: IsockError): Payload {
    return this.#owner.encodeError(error)
  }

  refusal(): IsockError | undefined {
    return undefined
  }

  onLinkLost(reason: IsockError): void {
    if (this.#state === 'closed') return
    this.#state = 'idle'
    this.#fault = reason
    this.#farewell.disarm()
    this.#stopListening?.()
    if (!this.#isRetired) this.#owner.tell('disconnect', { reason })
    this.session.countFault(reason, 'link lost')
    if (this.#isWanted) this.#open()
    else this.#closeIfSpent()
  }

  onPeerDrains(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    if (this.#home.address !== undefined) this.#connector.preferNextTo(this.#home.address)
    this.#owner.onRetired(this, this.session.outgoing.takeWaiting())
    this.#closeIfSpent()
  }

  /** The server ended the session: what it had not answered will never be. */
  onPeerLeft(isClean: boolean, error: Payload | undefined): void {
    const final = error === undefined ? undefined : this.#owner.decodeError(error)
    const cause = final ?? new ServerError('the server ended the session', { code: 'SHUTTING_DOWN' })
    this.session.forget(cause, isClean ? 'server left' : 'session lost')
    // What did not start is not tried again: it wants no more of us, and only a new call connects again.
    if (final !== undefined) return this.#owner.onDismissed(this, final)
    if (this.#isRetired) this.#owner.onRetired(this, this.session.outgoing.takeWaiting())
    this.session.dropLink(new LinkError('the server ended the session'), 'flush')
  }

  onBusyChange(isBusy: boolean): void {
    this.session.keepProcessAlive(isBusy)
    if (!isBusy) this.#closeIfSpent()
  }

  get #isWanted(): boolean {
    if (this.#state === 'closed') return false
    if (this.session.outgoing.openCount > 0 || !this.#waiters.isEmpty) return true
    return this.#owner.isKeptConnected && !this.#isRetired
  }

  /** A retired connection goes when its last call is over. */
  #closeIfSpent(): void {
    if (!this.#isRetired || this.session.isBusy || this.#state === 'closed') return
    void Promise.resolve().then(() => {
      if (!this.session.isBusy)
        void this.close(new ClientError('the server drains', { code: 'CLOSED', notStarted: true }))
    })
  }

  #open(): void {
    this.#state = 'connecting'
    this.#home.onLinkNeeded()
    this.#connectWithRetry().catch((error: unknown) => this.#onGivenUp(error))
  }

  async #connectWithRetry(): Promise<void> {
    const { signal } = this.#abort
    const { clock } = this.#options
    if (clock.now() - this.#connectedAtMs < shortLifeMs) await this.#pause()
    else this.#backoff = new Backoff(this.#options.backoff, this.#options.random)
    let isAlone = false
    const attempt = (): Promise<void> => {
      const reason = this.#fault
      if (reason !== undefined) this.#owner.tell('reconnecting', { attempt: ++this.#attempts, reason })
      isAlone = this.#home.isAskedAlone
      return this.#connector.connect(this.#home, signal, this.#onWelcome, isAlone ? 'at home' : 'anywhere')
    }
    await attemptUntilDone(attempt, {
      signal,
      onFailure: async (error) => {
        if (isFinal(error) || signal.aborted) return false
        this.#countFault(asIsockError(error), isAlone)
        // On our clock, with full jitter.
        if (this.#isWanted) await this.#pause()
        return this.#isWanted
      },
    })
  }

  async #pause(): Promise<void> {
    const { durationMs } = this.#backoff
    this.#backoff = this.#backoff.next()
    const { clock, onWakeUp } = this.#options
    const { signal } = this.#abort
    signal.throwIfAborted()
    const pause = new AbortController()
    const end = (): void => pause.abort()
    const stop = onWakeUp?.(end)
    const unfollow = followSignal(signal, end)
    // Whoever has a network again need not wait for the rest.
    await sleep(clock, durationMs, pause.signal, this.session.isBusy || !this.#waiters.isEmpty).catch(() => undefined)
    unfollow()
    stop?.()
    signal.throwIfAborted()
  }

  #countFault(error: IsockError, wasAlone: boolean): void {
    this.#fault = error
    this.#options.log.debug({ error: error.message }, 'cannot connect')
    this.session.countFault(error, wasAlone ? 'cannot resume' : 'cannot connect', this.#options.patienceMs)
    // Other addresses were not asked yet.
    if (!wasAlone) this.#waiters.countFault(error)
  }

  readonly #onWelcome = (link: FrameLink, welcome: WelcomeFrame, address: Address): void => {
    if (this.#state === 'closed') {
      link.close(new LinkError('the client was closed'), 'abort')
      return
    }
    this.#state = 'ready'
    this.#connectedAtMs = this.#options.clock.now()
    // In the session of a former client, this one has no calls.
    if (!welcome.resumed || (welcome.features & Feature.FreshCaller) !== 0) {
      if (this.session.grant !== undefined) this.session.forget(lostSession())
      this.session.begin({ id: welcome.sessionId, resumeSecret: welcome.resumeSecret, peerLimits: welcome.limits })
      this.#home.moveTo(address)
    }
    this.#fault = undefined
    this.#attempts = 0
    this.session.attach(link)
    this.#stopListening = this.#options.onWakeUp?.(() => this.session.doubtLink())
    this.#farewell.arm()
    this.session.keepProcessAlive(this.session.isBusy)
    this.#waiters.resolveAll()
    const { sessionId: session, resumed: isResumed } = welcome
    this.#owner.tell('connect', { address: formatAddress(address), session, isResumed })
  }

  /** Nothing waits any more, or no attempt can help. */
  #onGivenUp(error: unknown): void {
    if (this.#state === 'closed') return
    this.#state = 'idle'
    const cause = asIsockError(error)
    if (isFinal(error)) {
      this.session.outgoing.failAll(cause)
      this.#waiters.rejectAll(cause)
    } else if (this.#isWanted) this.#open()
    this.#closeIfSpent()
  }
}

function lostSession(): ServerError {
  return new ServerError('the server does not know the session any more: it was restarted, or the lease ran out')
}
