// One client of the Igor gateway, whether it is connected or away: what it runs, what it listens to, and what waits for
// it. It runs in an ordinary session of the server, through a client of the gateway's own.

import type { Identity } from '../../core/action/context.ts'
import type { Credential } from '../../core/action/guard.ts'
import { AuthError } from '../../core/base/errors.ts'
import type { Peer } from '../../core/link/link.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import type { LocalClient } from '../local-client.ts'
import { isOwnAction } from '../own-actions.ts'
import { Admittance } from './admittance.ts'
import { closeText, code, refusalText } from './answers.ts'
import { Holdings } from './holdings.ts'
import type { ResolvedIgorOptions } from './igor-options.ts'
import type { StreamId } from './message.ts'
import { OpenStreams, type StreamRefusal } from './open-streams.ts'
import { type ClientSocket, Outbox } from './outbox.ts'
import { ProcessFeed } from './process-feed.ts'

/** Who the client is, once it has introduced itself. */
export interface Introduced {
  readonly id: string
  /** Whoever knows it may take the client up again. */
  readonly secret: string
}

export interface IgorClientOptions {
  readonly host: WebHost
  readonly options: ResolvedIgorOptions
  readonly peer: Peer
  readonly credentials: readonly Credential[]
  /** It does not read: it was dropped, and is to be forgotten. */
  readonly onDropped: (client: IgorClient) => void
  /** A stream is over. */
  readonly onStreamOver: () => void
}

/** Bytes that wait from which on streams and processes wait too. */
const roomBytes = 256 * 1024

export class IgorClient {
  readonly admittance: Admittance
  readonly holdings: Holdings
  readonly outbox: Outbox
  readonly #options: IgorClientOptions
  readonly #streams: OpenStreams
  #credentials: readonly Credential[]
  #local: LocalClient
  #feed: ProcessFeed
  #socket: ClientSocket | undefined
  #introduced: Introduced | undefined
  /** Why the server does not let it in. */
  #refusal: AuthError | undefined
  #isClosed = false
  #isAbandoned = false

  constructor(options: IgorClientOptions) {
    this.#options = options
    this.admittance = new Admittance(options.host, options.peer)
    this.#credentials = options.credentials
    this.holdings = new Holdings(options.host.accounting, options.peer.address, () => this.#shed())
    this.outbox = new Outbox({
      // A client that is held back must be far from being dropped.
      roomBytes: Math.min(roomBytes, options.options.maxQueuedBytes / 4),
      maxBytes: options.options.maxQueuedBytes,
      onOverflow: () => this.#onOverflow(),
      held: this.holdings.messages,
    })
    this.#streams = new OpenStreams({
      maxStreams: options.options.maxStreams,
      maxInputBytes: options.host.limits.maxInFlightBytes,
      mayComeBack: () => this.#socket === undefined && !this.isGone,
      held: this.holdings.input,
    })
    this.#local = this.#watched(this.admittance.makeLocal(options.credentials))
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

  /** The streams that it will hear the end of. */
  get streamIds(): StreamId[] {
    return this.#streams.untoldIds
  }

  /** Nobody is at the other end, and nobody comes back. */
  get isGone(): boolean {
    return this.#isClosed || this.#isAbandoned
  }

  get isLetIn(): boolean {
    return this.#local.isConnected
  }

  /** Who the guards said it is. */
  get identity(): Identity | undefined {
    return this.admittance.identityOf(this.#local)
  }

  /** It came back, and this is what the guards say of it today. */
  renewIdentity(identity: Identity | undefined): void {
    for (const { sessionId } of this.#locals()) this.#options.host.renewIdentity(sessionId, identity)
  }

  /** Whether it is at the other end of this socket. */
  speaksThrough(socket: ClientSocket): boolean {
    return this.#socket === socket
  }

  /** Connects, to know whether the server lets it in. Rejects where it does not. */
  async admit(): Promise<void> {
    try {
      await this.#local.connect()
    } catch (error) {
      if (this.#introduced !== undefined) return
      if (error instanceof AuthError) this.#refusal = error
      throw error
    }
  }

  /** Speaks through this socket from now on; another one that it had is closed. */
  attach(socket: ClientSocket, greeting: readonly string[] = []): void {
    const former = this.#socket
    this.#leaveStreams()
    this.#socket = socket
    this.holdings.isAway = false
    this.#streams.forgetEnded()
    this.outbox.attach(socket, greeting)
    former?.close(4001, 'the client came back on another connection')
  }

  /** Its socket is gone. False: it had another one by then. */
  detach(socket: ClientSocket): boolean {
    if (socket !== this.#socket) return false
    this.#socket = undefined
    this.#leaveStreams()
    this.holdings.isAway = true
    this.outbox.detach()
    return true
  }

  /** Nobody will come back for it: what it still runs is finished, and not told. */
  abandon(): void {
    this.#isAbandoned = true
    this.#feed.stop()
    this.outbox.discard()
  }

  /** Begins a stream, or says why not. `bytes` is what its message was. */
  run(streamId: StreamId, action: string, data: unknown, bytes: number): void {
    const refusal = this.#refusalOf(streamId, action, bytes)
    if (refusal !== undefined) return this.refuse(streamId, refusal.error, refusal.code)
    const stream = { streamId, local: this.#local, action, data, bytes, outbox: this.outbox }
    this.#streams.begin(stream, ({ local }) => {
      this.#release(local)
      this.#options.onStreamOver()
    })
  }

  /** Does not begin a stream. One of this id that is open goes on. */
  refuse(streamId: StreamId, error: string, number: number): void {
    this.outbox.push(refusalText(error, number, streamId))
    if (!this.#streams.has(streamId)) this.outbox.push(closeText(streamId))
  }

  /** The client closes one of its streams; one that is not open is over already. */
  cancel(streamId: StreamId): void {
    this.#streams.cancel(streamId, 'the client closed the stream')
  }

  /** Gets the id, and a session of its own under this name. What runs goes on in the former one. */
  become(introduced: Introduced, local: LocalClient, credentials: readonly Credential[]): void {
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

  /** What actions have kept for the client is there under its id too, unless the guards say that it is somebody else now. */
  #keepState(former: LocalClient, local: LocalClient): void {
    const { host } = this.#options
    const [before, now] = [host.findSession(former.sessionId), host.findSession(local.sessionId)]
    if (before === undefined || now === undefined || before.identity?.id !== now.identity?.id) return
    for (const [key, value] of before.state) if (!now.state.has(key)) now.state.set(key, value)
  }

  /** Ends it: what runs is cancelled. Settles when all is released. */
  async close(reason: string): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#feed.stop()
      this.#streams.cancelAll(reason)
    }
    this.holdings.close()
    await Promise.all([...this.#locals()].map((local) => local.close()))
    this.outbox.discard()
  }

  /** Igor's streams belong to their connection. A client that gets no list of those that last would take theirs for its own. */
  #leaveStreams(): void {
    if (this.#options.options.compatible) this.#streams.muteAll()
  }

  #locals(): ReadonlySet<LocalClient> {
    return this.#streams.locals().add(this.#local)
  }

  /** Of all its sessions the one that it has now is the one whose end is its own. */
  #watched(local: LocalClient): LocalClient {
    local.onServerEnded = ({ message }) => {
      if (local !== this.#local) return
      this.outbox.push(refusalText(message, code.forbidden))
      this.#socket?.close(1008, 'the server ended the session')
      this.#options.onDropped(this)
    }
    return local
  }

  #listenWith(local: LocalClient): ProcessFeed {
    const { host, options } = this.#options
    const named = options.processes === 'all' ? host.processNames : options.processes
    // Igor tells an end once, to those that are there.
    const processes = options.compatible ? named.filter((name) => !host.hasProcessEnded(name)) : named
    return new ProcessFeed({ local, processes, outbox: this.outbox, log: host.log })
  }

  #refusalOf(streamId: StreamId, action: string, bytes: number): StreamRefusal | undefined {
    if (this.#refusal !== undefined) return { error: this.#refusal.message, code: code.stranger }
    if (isOwnAction(action)) return { error: `unknown action ${JSON.stringify(action)}`, code: code.bad }
    return this.#streams.refusalOf(streamId, bytes)
  }

  /** Closes a former client of the server that has no more to do. */
  #release(local: LocalClient): void {
    if (local !== this.#local && !this.#streams.runOn(local)) void local.close()
  }

  /** Others need the room that it takes. */
  #shed(): void {
    this.outbox.push(refusalText('the server is full, and this client had to make room for others', code.busy))
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
