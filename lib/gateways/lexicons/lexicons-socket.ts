// One client, from its open socket to its end. The guards check it, then its messages are handled one after the other, like
// in lexicons, so that clients can rely on the order of their messages and of the signals in a list.
//
//   socket ─> credentials in headers ─> guards, gate ─> onConnect ─> messages ... ─> gone ─> onDisconnect
//                     ╰───────────────────────╰─> Errors, closed with 1008
import type { IncomingHttpHeaders } from 'node:http'
import type { WebSocket } from 'ws'
import type { Account } from '../../core/accounting/account.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { SessionView } from '../../core/action/context.ts'
import { deferred } from '../../core/base/deferred.ts'
import { ClientError } from '../../core/base/errors.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { Peer } from '../../core/link/link.ts'
import { valueLimitsOf } from '../../core/wire/values/value-limits.ts'
import type { ChannelClass } from '../../features/channels/channel.ts'
import { closeSocket, closeTimeoutMs } from '../../features/web/close-socket.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import { AdmissionRefusal, admit } from '../admission.ts'
import { LocalClient } from '../local-client.ts'
import { MessageQueue } from '../message-queue.ts'
import { metadataInHeaders } from '../metadata.ts'
import { SocketHeartbeat } from '../socket-heartbeat.ts'
import { SocketQueue } from '../socket-queue.ts'
import { type BatchEntry, EntryBatch, textOfEntry } from './entry-batch.ts'
import { credentialsIn } from './header-credentials.ts'
import { type AnswerableClient, type MembershipOptions, peerWith } from './lexicons-client.ts'
import type { LexiconsLogLine, LexiconsOptions, ResolvedLexiconsOptions } from './lexicons-options.ts'
import { Memberships } from './memberships.ts'
import type { PublishingLists } from './publishing-lists.ts'
import type { Publication } from './signal-list.ts'
import { errorText, SignalRunner } from './signal-runner.ts'
import { textIn } from './signals.ts'
import { withTimeLimit } from './with-time-limit.ts'

export interface SocketContext {
  readonly host: WebHost
  readonly options: ResolvedLexiconsOptions
  readonly log: (line: LexiconsLogLine) => void
  /** Shared by all clients: readers get messages in the order of their signals. */
  readonly lists: PublishingLists
}

/** Channels and replies wait for the reader while this many bytes are queued. */
const roomBytes = 64 * 1024

export class LexiconsSocket implements AnswerableClient {
  readonly peer: Peer
  /** Settles when the socket is closed and everything is released. */
  readonly gone: Promise<void>
  readonly #socket: WebSocket
  readonly #headers: IncomingHttpHeaders
  readonly #context: SocketContext
  /** The connection, and its queues in both directions. */
  readonly #account: Account
  readonly #outgoing: SocketQueue
  /** Messages of its channels. */
  readonly #batch = new EntryBatch((entries) => this.#sendBatch(entries))
  readonly #incoming: MessageQueue
  readonly #heartbeat: SocketHeartbeat
  #client: LocalClient | undefined
  #memberships: Memberships | undefined
  #runner: SignalRunner | undefined
  #session: SessionView | undefined
  #isConnected = false
  #closed: Promise<void> | undefined
  readonly #gone = deferred<void>()

  constructor(socket: WebSocket, peer: Peer, headers: IncomingHttpHeaders, context: SocketContext) {
    const { host, options } = context
    this.peer = peer
    this.#socket = socket
    this.#headers = headers
    this.#context = context
    this.gone = this.#gone.promise
    this.#account = host.accounting.open({
      owner: { address: peer.address, identity: undefined },
      bytes: placeBytes.link,
      shed: () => this.#giveUp('the server is full, and evicted this client to make room for others', 1013),
    })
    // A reader that reads nothing would not read the close frame either.
    const onStalled = (reason: string): void => {
      this.#failed(new Error(`the client does not read: ${reason}`))
      socket.terminate()
    }
    this.#outgoing = new SocketQueue({
      clock: host.clock,
      roomBytes,
      maxBytes: options.maxQueuedBytes,
      stallMs: options.stallTimeoutMs,
      isBinary: options.binary,
      held: this.#account.meter(Held.Queues),
      onOverflow: onStalled,
      onStalled,
    })
    this.#outgoing.attach(socket)
    this.#heartbeat = new SocketHeartbeat(socket, {
      clock: host.clock,
      limits: host.limits,
      takenCount: () => this.#outgoing.sentCount,
      onDead: (reason) => {
        this.#failed(new Error(`the client is gone: ${reason}`))
        socket.terminate()
      },
    })
    this.#incoming = new MessageQueue(socket, ({ bytes }) => this.#handle(bytes), this.#account.meter(Held.Bodies))
  }

  get session(): SessionView | undefined {
    return this.#session
  }

  /** Admits the client. Anything it sends meanwhile waits in its own socket. */
  begin(): void {
    this.#socket.once('close', () => void this.#onClose())
    this.#socket.pause()
    this.#admit().catch((error: unknown) => {
      this.#context.log({ status: 'refused', client: this, data: error })
      this.#sendErrors([error])
      this.#end(error instanceof AdmissionRefusal ? error.closeCode : 1008, 'refused')
    })
  }

  send(name: string, payload: unknown): void {
    void this.#send([{ [name]: payload }])
  }

  subscribe(channel: ChannelClass, options?: MembershipOptions): Promise<void> {
    return unawaited(this.#subscribe(channel, options))
  }

  async #subscribe(channel: ChannelClass, options?: MembershipOptions): Promise<void> {
    if (!this.#isConnected || this.#memberships === undefined)
      throw new ClientError(
        'a client can subscribe only after the guards have admitted it; call subscribe in onConnect',
      )
    await this.#memberships.join(channel, options)
  }

  unsubscribe(channel: ChannelClass, options?: Pick<MembershipOptions, 'key'>): boolean {
    return this.#memberships?.leave(channel, options) ?? false
  }

  close(reason?: string): void {
    this.#giveUp(reason, 1000)
  }

  markReply(callId: number): void {
    this.#runner?.markReply(callId)
  }

  publishLater(callId: number, makePublication: () => Publication): boolean {
    return this.#runner?.publishLater(callId, makePublication) ?? false
  }

  /** Accepts no more messages, lets the running one finish, and closes. Settles when everything is released. */
  async finish(graceMs: number): Promise<void> {
    const { clock } = this.#context.host
    await settlesWithin(clock, Promise.race([this.#incoming.finish(), this.gone]), graceMs)
    this.#end(1001, 'the server is shutting down')
    // A hook may take long.
    await settlesWithin(clock, this.gone, 2 * closeTimeoutMs)
  }

  async #admit(): Promise<void> {
    const { host, options, log, lists } = this.#context
    const credentials = credentialsIn(this.#headers, options.guards, options.headerValues)
    const metadata = metadataInHeaders(this.#headers)
    const client = new LocalClient(host, peerWith(this.peer, this), { credentials, retry: 0, ...metadata })
    client.onServerEnded = (reason) => {
      this.#sendErrors([reason])
      this.#end(1008, 'the server ended the session')
    }
    this.#client = client
    this.#memberships = new Memberships({
      client,
      clock: host.clock,
      maxSubscriptions: options.maxSubscriptions,
      timeoutMs: options.timeoutMs,
      deliver: (entry, room) => this.#batch.add(entry, room),
      onEnded: (error) => {
        this.#failed(error)
        this.#sendErrors([error])
      },
    })
    this.#runner = new SignalRunner({
      client,
      memberships: this.#memberships,
      clock: host.clock,
      options,
      arriving: (list) => lists.during(list, () => this.#batch.hold()),
      limits: valueLimitsOf(host.limits),
      onSignal: (signal) => log({ status: 'signal', client: this, data: signal }),
      onFailed: this.#failed,
    })
    const { session, owner } = await admit(host, this.peer, client)
    this.#session = session
    this.#account.moveTo(owner)
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#isConnected = true
    log({ status: 'connected', client: this })
    await this.#runHook('onConnect', options.onConnect)
    this.#incoming.begin()
  }

  async #handle(bytes: Buffer): Promise<void> {
    const entries = (await this.#runner?.run(textIn(bytes))) ?? []
    if (entries.length === 0) return
    try {
      await this.#send(entries)
    } catch (error) {
      this.#failed(error)
      this.#sendErrors([error])
    }
  }

  /** Sends after earlier messages of its channels. */
  #send(entries: readonly object[]): Promise<void> | undefined {
    if (this.#batch.isHeld) {
      for (const entry of entries) this.#batch.add(entry)
      return undefined
    }
    this.#batch.flush()
    this.#context.log({ status: 'sent', client: this, data: entries })
    return this.#sendTexts(entries.map(textOfEntry))
  }

  #sendBatch(arrived: readonly BatchEntry[]): Promise<void> | undefined {
    const entries = this.#context.lists.arrange(arrived)
    this.#context.log({ status: 'sent', client: this, data: entries.map(({ entry }) => entry) })
    return this.#sendTexts(entries.map(({ text }) => text))
  }

  /** Returns a promise if the next message has to wait. */
  #sendTexts(entries: readonly string[]): Promise<void> | undefined {
    if (this.#socket.readyState !== this.#socket.OPEN) return undefined
    this.#outgoing.push(`[${entries.join(',')}]`)
    return this.#outgoing.hasRoom ? undefined : this.#outgoing.room()
  }

  async #runHook(name: string, hook: LexiconsOptions['onConnect']): Promise<void> {
    const { host, options } = this.#context
    try {
      const ended = (async () => hook?.(this, host.server))()
      await withTimeLimit(ended, options.timeoutMs, host.clock, `${name} did not end`)
    } catch (error) {
      host.log.error({ error }, `lexicons: ${name} failed`)
      throw error
    }
  }

  #sendErrors(errors: readonly unknown[]): void {
    void this.#send([{ Errors: errors.map(errorText) }])
  }

  #giveUp(reason: string | undefined, code: number): void {
    if (reason !== undefined) this.#sendErrors([new Error(reason)])
    this.#end(code, 'closed by the server')
  }

  readonly #failed = (error: unknown): void => this.#context.log({ status: 'failed', client: this, data: error })

  /** Closes the connection; none of its further messages is run. Ends the socket if the client does not answer. */
  #end(code: number, reason: string): void {
    const socket = this.#socket
    if (socket.readyState === socket.CLOSED) return
    this.#stopRunning()
    this.#batch.flush()
    this.#closed ??= closeSocket(socket, this.#context.host.clock, code, reason)
    // The client's close frame has to be read.
    socket.resume()
  }

  /** Drops waiting messages and the rest of the running list. */
  #stopRunning(): void {
    this.#runner?.stop()
    void this.#incoming.finish()
  }

  async #onClose(): Promise<void> {
    const { options, log } = this.#context
    this.#outgoing.discard()
    this.#account.close()
    this.#heartbeat.stop()
    this.#stopRunning()
    this.#memberships?.close()
    await this.#client?.close()
    if (this.#isConnected) {
      await this.#runHook('onDisconnect', options.onDisconnect).catch(() => undefined)
      log({ status: 'disconnected', client: this })
    }
    this.#gone.resolve()
  }
}
