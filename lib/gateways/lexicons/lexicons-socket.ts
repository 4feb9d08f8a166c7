// One client, from its open socket to its end: judged by the guards, then its messages one after the other, as lexicons
// does, so that a list of signals and whoever sends several messages can rely on their order.
//
//   socket ─> credentials in headers ─> guards, gate ─> onConnect ─> messages ... ─> gone ─> onDisconnect
//                     ╰───────────────────────╰─> Errors, closed with 1008
import type { IncomingHttpHeaders } from 'node:http'
import type { WebSocket } from 'ws'
import type { Account } from '../../core/accounting/account.ts'
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { SessionView } from '../../core/action/context.ts'
import type { Timer } from '../../core/base/clock.ts'
import { ClientError } from '../../core/base/errors.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { unawaited } from '../../core/base/unawaited.ts'
import type { Peer } from '../../core/link/link.ts'
import { valueLimitsOf } from '../../core/wire/values/value-limits.ts'
import type { ChannelClass } from '../../features/channels/channel.ts'
import type { WebHost } from '../../features/web/gateway.ts'
import { LocalClient } from '../local-client.ts'
import { SilenceWatch } from '../silence-watch.ts'
import { GatheredEntries, type GatheredEntry } from './gathered-entries.ts'
import { credentialsIn } from './header-credentials.ts'
import { type AnswerableClient, type MembershipOptions, peerWith } from './lexicons-client.ts'
import type { LexiconsLogLine, LexiconsOptions, ResolvedLexiconsOptions } from './lexicons-options.ts'
import { Memberships } from './memberships.ts'
import { MessageQueue } from './message-queue.ts'
import { Outbox } from './outbox.ts'
import type { PublishingLists } from './publishing-lists.ts'
import type { Publication } from './signal-list.ts'
import { errorText, SignalRunner } from './signal-runner.ts'
import { unlessLate } from './unless-late.ts'

export interface LexiconsSurroundings {
  readonly host: WebHost
  readonly options: ResolvedLexiconsOptions
  readonly log: (line: LexiconsLogLine) => void
  /** Of all clients: what their readers are sent is in the order of their signals. */
  readonly lists: PublishingLists
}

/** From asking a client to close to ending its socket. */
const farewellMs = 1_000

export class LexiconsSocket implements AnswerableClient {
  readonly peer: Peer
  /** Settles when the socket and all that it had is gone. */
  readonly gone: Promise<void>
  readonly #socket: WebSocket
  readonly #headers: IncomingHttpHeaders
  readonly #surroundings: LexiconsSurroundings
  /** Its connection, and what waits in it in both directions. */
  readonly #account: Account
  readonly #outbox: Outbox
  /** What its channels say. */
  readonly #gathered = new GatheredEntries((entries) => this.#sendGathered(entries))
  readonly #queue: MessageQueue
  readonly #silence: SilenceWatch
  #client: LocalClient | undefined
  #memberships: Memberships | undefined
  #runner: SignalRunner | undefined
  #session: SessionView | undefined
  #isConnected = false
  #farewell: Timer | undefined
  #setGone: () => void = () => undefined

  constructor(socket: WebSocket, peer: Peer, headers: IncomingHttpHeaders, surroundings: LexiconsSurroundings) {
    const { host, options } = surroundings
    this.peer = peer
    this.#socket = socket
    this.#headers = headers
    this.#surroundings = surroundings
    this.gone = new Promise((resolve) => {
      this.#setGone = resolve
    })
    this.#account = host.accounting.open({
      owner: { address: peer.address, identity: undefined },
      bytes: placeBytes.link,
      shed: () => this.#giveUp('the server is full, and this client had to make room for others', 1013),
    })
    this.#outbox = new Outbox({
      socket,
      clock: host.clock,
      maxQueuedBytes: options.maxQueuedBytes,
      stallTimeoutMs: options.stallTimeoutMs,
      isBinary: options.binary,
      held: this.#account.meter(Held.Queues),
      onStalled: (reason) => this.#failed(new Error(`the client does not read: ${reason}`)),
    })
    this.#silence = new SilenceWatch(socket, {
      clock: host.clock,
      limits: host.limits,
      onDead: (reason) => {
        this.#failed(new Error(`the client is gone: ${reason}`))
        socket.terminate()
      },
    })
    this.#queue = new MessageQueue(socket, (text) => this.#handle(text), this.#account.meter(Held.Bodies))
  }

  get session(): SessionView | undefined {
    return this.#session
  }

  /** Judges the client; what it sends meanwhile waits in its own socket. */
  begin(): void {
    this.#socket.once('close', () => void this.#onClose())
    this.#socket.pause()
    this.#admit().catch((error: unknown) => {
      this.#surroundings.log({ status: 'refused', client: this, data: error })
      this.#tellErrors([error])
      this.#end(1008, 'refused')
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
      throw new ClientError('a client that the guards have not let in yet is in no channel; subscribe it in onConnect')
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

  /** Takes no more messages, lets the one that runs finish, and says goodbye. Settles when all is released. */
  async finish(graceMs: number): Promise<void> {
    const { clock } = this.#surroundings.host
    await settlesWithin(clock, Promise.race([this.#queue.finish(), this.gone]), graceMs)
    this.#end(1001, 'the server is shutting down')
    // A hook of the user's may last.
    await settlesWithin(clock, this.gone, 2 * farewellMs)
  }

  async #admit(): Promise<void> {
    const { host, options, log, lists } = this.#surroundings
    const credentials = credentialsIn(this.#headers, options.guards, options.headerValues)
    const client = new LocalClient(host, peerWith(this.peer, this), { credentials, retry: 0 })
    client.onServerEnded = (reason) => {
      this.#tellErrors([reason])
      this.#end(1008, 'the server ended the session')
    }
    this.#client = client
    this.#memberships = new Memberships({
      client,
      clock: host.clock,
      maxSubscriptions: options.maxSubscriptions,
      timeoutMs: options.timeoutMs,
      deliver: (entry, room) => this.#gathered.add(entry, room),
      onEnded: (error) => {
        this.#failed(error)
        this.#tellErrors([error])
      },
    })
    this.#runner = new SignalRunner({
      client,
      memberships: this.#memberships,
      clock: host.clock,
      options,
      arriving: (list) => lists.during(list, () => this.#gathered.hold()),
      limits: valueLimitsOf(host.limits),
      onSignal: (signal) => log({ status: 'signal', client: this, data: signal }),
      onFailed: this.#failed,
    })
    await client.connect()
    this.#session = host.findSession(client.sessionId)
    this.#account.moveTo({ address: this.peer.address, identity: this.#session?.identity?.id })
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#isConnected = true
    log({ status: 'connected', client: this })
    await this.#runHook('onConnect', options.onConnect)
    this.#queue.begin()
  }

  async #handle(text: string | undefined): Promise<void> {
    const entries = (await this.#runner?.run(text)) ?? []
    if (entries.length === 0) return
    try {
      await this.#send(entries)
    } catch (error) {
      this.#failed(error)
      this.#tellErrors([error])
    }
  }

  /** After what has come from channels. */
  #send(entries: readonly object[]): Promise<void> | undefined {
    if (this.#gathered.isHeld) {
      for (const entry of entries) this.#gathered.add(entry)
      return undefined
    }
    this.#gathered.flush()
    this.#surroundings.log({ status: 'sent', client: this, data: entries })
    return this.#outbox.send(entries)
  }

  #sendGathered(arrived: readonly GatheredEntry[]): Promise<void> | undefined {
    const entries = this.#surroundings.lists.arrange(arrived)
    this.#surroundings.log({ status: 'sent', client: this, data: entries.map(({ entry }) => entry) })
    return this.#outbox.sendTexts(entries.map(({ text }) => text))
  }

  async #runHook(name: string, hook: LexiconsOptions['onConnect']): Promise<void> {
    const { host, options } = this.#surroundings
    try {
      const ended = (async () => hook?.(this, host.server))()
      await unlessLate(ended, options.timeoutMs, host.clock, `${name} did not end`)
    } catch (error) {
      host.log.error({ error }, `lexicons: ${name} failed`)
      throw error
    }
  }

  #tellErrors(errors: readonly unknown[]): void {
    void this.#send([{ Errors: errors.map(errorText) }])
  }

  #giveUp(reason: string | undefined, code: number): void {
    if (reason !== undefined) this.#tellErrors([new Error(reason)])
    this.#end(code, 'closed by the server')
  }

  readonly #failed = (error: unknown): void => this.#surroundings.log({ status: 'failed', client: this, data: error })

  /** Says goodbye, after which nothing of it is run; a client that does not answer is ended. */
  #end(code: number, reason: string): void {
    const socket = this.#socket
    if (socket.readyState === socket.CLOSED) return
    this.#runNoMore()
    this.#gathered.flush()
    socket.close(code, reason)
    // Its own goodbye has to be read.
    socket.resume()
    this.#farewell ??= this.#surroundings.host.clock.setTimer(() => socket.terminate(), farewellMs)
  }

  /** Neither messages that wait nor the rest of the list that runs. */
  #runNoMore(): void {
    this.#runner?.stop()
    void this.#queue.finish()
  }

  async #onClose(): Promise<void> {
    const { options, log } = this.#surroundings
    this.#farewell?.cancel()
    this.#account.close()
    this.#silence.stop()
    this.#runNoMore()
    this.#memberships?.close()
    await this.#client?.close()
    if (this.#isConnected) {
      await this.#runHook('onDisconnect', options.onDisconnect).catch(() => undefined)
      log({ status: 'disconnected', client: this })
    }
    this.#setGone()
  }
}
