// One client of the Igor gateway, connected or away: its streams, its processes, and its queued messages. It runs in an
// ordinary session of the server, through a client that belongs to the gateway.

import type { Identity } from '../../core/action/context.ts'
import type { Credential } from '../../core/action/guard.ts'
import type { Peer } from '../../core/link/link.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import type { Refusal } from '../../features/web/refusal.ts'
import { AdmissionRefusal, type Admitted, admit, admitNew } from '../admission.ts'
import { isBuiltInAction } from '../built-in-actions.ts'
import { LocalClient } from '../local-client.ts'
import { type ClientSocket, SocketQueue } from '../socket-queue.ts'
import { status } from '../status-codes.ts'
import { closeText, refusalText } from './answers.ts'
import { ClientAccounts } from './client-accounts.ts'
import type { Presented } from './credentials.ts'
import type { ResolvedIgorOptions } from './igor-options.ts'
import type { StreamId } from './message.ts'
import { OpenStreams } from './open-streams.ts'
import { ProcessFeed } from './process-feed.ts'

/** The client's id, once it has introduced itself. */
export interface Introduced {
  readonly id: string
  /** A client that knows it may resume this one. */
  readonly secret: string
}

export interface IgorClientOptions extends Presented {
  readonly host: WebHost
  readonly options: ResolvedIgorOptions
  readonly peer: Peer
  /** Called when the client was dropped, because it does not read or was evicted, and must be removed. */
  readonly onDropped: (client: IgorClient) => void
  /** Called when a stream has ended. */
  readonly onStreamOver: () => void
}

/** Streams and processes wait while this many bytes are queued. */
const roomBytes = 256 * 1024
/** How long the client may read nothing of its queue. */
const stallMs = 30_000

export class IgorClient {
  readonly accounts: ClientAccounts
  readonly outbox: SocketQueue
  readonly #options: IgorClientOptions
  readonly #streams: OpenStreams
  #credentials: readonly Credential[]
  #local: LocalClient
  #feed: ProcessFeed
  #socket: ClientSocket | undefined
  #introduced: Introduced | undefined
  /** Why the server does not admit it. */
  #refusal: AdmissionRefusal | undefined
  #isClosed = false
  #isAbandoned = false

  constructor(options: IgorClientOptions) {
    this.#options = options
    this.#credentials = options.credentials
    this.accounts = new ClientAccounts(options.host.accounting, options.peer.address, () => this.#shed())
    this.outbox = new SocketQueue({
      clock: options.host.clock,
      // Slowing a client down must begin long before dropping it.
      roomBytes: Math.min(roomBytes, options.options.maxQueuedBytes / 4),
      maxBytes: options.options.maxQueuedBytes,
      stallMs,
      onOverflow: () => this.#onOverflow(),
      // The client may come back.
      onStalled: () => this.#socket?.terminate(),
      held: this.accounts.messages,
    })
    this.#streams = new OpenStreams({
      maxStreams: options.options.maxStreams,
      maxInputBytes: options.host.limits.maxInFlightBytes,
      mayComeBack: () => this.#socket === undefined && !this.isGone,
      held: this.accounts.input,
    })
    this.#local = this.#watched(this.newLocal(options.credentials))
    this.#feed = this.#listenWith(this.#local)
  }

  get introduced(): Introduced | undefined {
    return this.#introduced
  }

  get credentials(): readonly Credential[] {
    return this.#credentials
  }

  get openStreams(): number {
    return this.#streams.count
  }

  /** Settles when it has no open stream. */
  whenIdle(): Promise<void> {
    return this.#streams.whenNone()
  }

  /** The streams whose end the client will receive. */
  get streamIds(): StreamId[] {
    return this.#streams.unreportedIds
  }

  /** The client is not connected and cannot come back. */
  get isGone(): boolean {
    return this.#isClosed || this.#isAbandoned
  }

  get isAdmitted(): boolean {
    return this.#local.isConnected
  }

  /** The identity that the guards returned. */
  get identity(): Identity | undefined {
    return this.#options.host.findSession(this.#local.sessionId)?.identity
  }

  /** Called when the client came back, with the guards' current result. */
  renewIdentity(identity: Identity | undefined): void {
    for (const { sessionId } of this.#locals()) this.#options.host.renewIdentity(sessionId, identity)
  }

  /** Whether it is connected by this socket. */
  isUsing(socket: ClientSocket): boolean {
    return this.#socket === socket
  }

  /** A client of the server for this one, not connected yet. Throws ClientError (`INVALID_OPTION`) for an invalid name. */
  newLocal(credentials: readonly Credential[], name?: string): LocalClient {
    const { host, peer, metadata } = this.#options
    const named = name === undefined ? {} : { name }
    return new LocalClient(host, peer, { credentials, ...named, ...(metadata === undefined ? {} : { metadata }) })
  }

  /** Connects a client of the server. Rejects with AdmissionRefusal. */
  admit(local: LocalClient): Promise<Admitted> {
    return admit(this.#options.host, this.#options.peer, local)
  }

  /** Asks the guards for the identity of these credentials. Rejects with AdmissionRefusal. */
  async identityWith(credentials: readonly Credential[]): Promise<Identity | undefined> {
    const { client, session } = await admitNew(this.#options.host, this.#options.peer, { credentials })
    await client.close()
    return session?.identity
  }

  /** Connects with the credentials of the request, before any introduction. Rejects with AdmissionRefusal. */
  async connect(): Promise<void> {
    try {
      await this.admit(this.#local)
    } catch (error) {
      if (this.#introduced !== undefined) return
      if (error instanceof AdmissionRefusal && error.status === status.unauthenticated) this.#refusal = error
      throw error
    }
  }

  /** Uses this socket from now on, and closes the previous one. */
  attach(socket: ClientSocket, greeting: readonly string[] = []): void {
    const former = this.#socket
    this.#leaveStreams()
    this.#socket = socket
    this.accounts.isAway = false
    this.#streams.forgetEnded()
    this.outbox.attach(socket, greeting)
    former?.close(4001, 'the client came back on another connection')
  }

  /** Called when the socket is gone. Returns false if the client already has another one. */
  detach(socket: ClientSocket): boolean {
    if (socket !== this.#socket) return false
    this.#socket = undefined
    this.#leaveStreams()
    this.accounts.isAway = true
    this.outbox.detach()
    return true
  }

  /** Called when the client cannot come back: its running work finishes, and its messages are dropped. */
  abandon(): void {
    this.#isAbandoned = true
    this.#feed.stop()
    this.outbox.abandon()
  }

  /** Starts a stream, or refuses it. `bytes`: the size of the message. */
  run(streamId: StreamId, action: string, data: unknown, bytes: number): void {
    const refusal = this.#refusalOf(streamId, action, bytes)
    if (refusal !== undefined) return this.refuse(streamId, refusal)
    const stream = { streamId, local: this.#local, action, data, bytes, outbox: this.outbox }
    this.#streams.begin(stream, ({ local }) => {
      this.#release(local)
      this.#options.onStreamOver()
    })
  }

  /** Refuses to start a stream. An open stream of this id continues. */
  refuse(streamId: StreamId, { message, status }: Refusal): void {
    this.outbox.push(refusalText(message, status, streamId))
    if (!this.#streams.has(streamId)) this.outbox.push(closeText(streamId))
  }

  /** Called when the client closes one of its streams. No-op once it has ended. */
  cancel(streamId: StreamId): void {
    this.#streams.cancel(streamId, 'the client closed the stream')
  }

  /** Sets the id, and moves the client to a session of its own under this name. Running streams continue in the former session. */
  setIntroduced(introduced: Introduced, local: LocalClient, credentials: readonly Credential[]): void {
    const former = this.#local
    this.#introduced = introduced
    this.#credentials = credentials
    this.#refusal = undefined
    this.#local = this.#watched(local)
    this.#keepState(former, local)
    this.#feed.stop()
    this.#feed = this.#listenWith(local)
    this.#release(former)
  }

  /** Copies the state that actions kept for the client to its new session, unless the guards now return another identity. */
  #keepState(former: LocalClient, local: LocalClient): void {
    const { host } = this.#options
    const [before, now] = [host.findSession(former.sessionId), host.findSession(local.sessionId)]
    if (before === undefined || now === undefined || before.identity?.id !== now.identity?.id) return
    for (const [key, value] of before.state) if (!now.state.has(key)) now.state.set(key, value)
  }

  /** Cancels everything that runs. Settles when everything is released. */
  async close(reason: string): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#feed.stop()
      this.#streams.cancelAll(reason)
    }
    this.accounts.close()
    await Promise.all([...this.#locals()].map((local) => local.close()))
    this.outbox.discard()
  }

  /**
   * Igor's streams belong to their connection. A client that gets no list of lasting streams would mistake old ones for its
   * own.
   */
  #leaveStreams(): void {
    if (this.#options.options.compatible) this.#streams.muteAll()
  }

  #locals(): ReadonlySet<LocalClient> {
    return this.#streams.locals().add(this.#local)
  }

  /** Only the end of its current session ends the client. */
  #watched(local: LocalClient): LocalClient {
    local.onServerEnded = ({ message }) => {
      if (local !== this.#local) return
      this.outbox.push(refusalText(message, status.forbidden))
      this.#socket?.close(1008, 'the server ended the session')
      this.#options.onDropped(this)
    }
    return local
  }

  #listenWith(local: LocalClient): ProcessFeed {
    const { host, options } = this.#options
    const named = options.processes === 'all' ? host.processNames : options.processes
    // Igor reports the end of a process once, to the clients that are connected.
    const processes = options.compatible ? named.filter((name) => !host.hasProcessEnded(name)) : named
    return new ProcessFeed({ local, processes, outbox: this.outbox, log: host.log })
  }

  #refusalOf(streamId: StreamId, action: string, bytes: number): Refusal | undefined {
    if (this.#refusal !== undefined) return this.#refusal
    if (isBuiltInAction(action))
      return { message: `unknown action ${JSON.stringify(action)}`, status: status.badRequest }
    return this.#streams.refusalOf(streamId, bytes)
  }

  /** Closes a former client of the server that is no longer needed. */
  #release(local: LocalClient): void {
    if (local !== this.#local && !this.#streams.runOn(local)) void local.close()
  }

  /** Evicts the client to make room for others. */
  #shed(): void {
    this.outbox.push(refusalText('the server is full, and evicted this client to make room for others', status.busy))
    this.#socket?.close(1013, 'others need the place')
    this.#options.onDropped(this)
  }

  #onOverflow(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.terminate()
    this.#options.onDropped(this)
  }
}
