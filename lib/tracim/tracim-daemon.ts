// The daemon: clients register at its socket, and each gets what the source tells. It routes events by type; sockets,
// queues, the list of clients and the source are each another file's.
import { setMaxListeners } from 'node:events'
import type { Timer } from '../core/base/clock.ts'
import { ServerError } from '../core/base/errors.ts'
import { BadEvent, type DaemonEvent, formatEvent, parseEvent, readClientData } from './daemon-event.ts'
import { DocumentSocket } from './document-socket.ts'
import { type EventSource, IterableSource } from './event-source.ts'
import { type ClientData, type DaemonEventType, type TracimEvent, daemonEventTypes as types } from './event-types.ts'
import { checkPeerSocket } from './peer-path.ts'
import { PostOffice } from './post-office.ts'
import { RequestDesk } from './request-desk.ts'
import { Roster } from './roster.ts'
import { type ResolvedDaemonOptions, resolveDaemonOptions, type TracimDaemonOptions } from './tracim-daemon-options.ts'

/** Paths to which something may be on its way beside the registered ones: answers to clients that are none. */
const spareMailboxes = 1_024

/**
 * A local daemon that speaks TracimDaemon's protocol: clients in any language register at its Unix socket and get the
 * events of its source.
 *
 * @example
 * const daemon = new TracimDaemon({ socketPath: '/run/user/1000/tracim/master.sock', source: new TracimSource(account) })
 * await daemon.listen()
 */
export class TracimDaemon implements AsyncDisposable {
  readonly #options: ResolvedDaemonOptions
  readonly #source: EventSource
  readonly #socket: DocumentSocket
  readonly #post: PostOffice
  readonly #desk: RequestDesk
  readonly #roster = new Roster()
  readonly #closing = new AbortController()
  #userId = ''
  #pingTimer: Timer | undefined
  #wasStarted = false
  #sourceEnded: Promise<void> = Promise.resolve()

  /** @throws ClientError (`INVALID_OPTION`) that names the option. */
  constructor(given: TracimDaemonOptions) {
    this.#options = resolveDaemonOptions(given)
    // A source of the program's own may listen with each request that is passed on.
    setMaxListeners(0, this.#closing.signal)
    const { log, socketPath, clock, maxClients } = this.#options
    this.#source = sourceOf(given, this.#options.userId)
    this.#post = new PostOffice({
      ...this.#options,
      ownPath: socketPath,
      busyTimeoutMs: 2 * this.#options.pingIntervalMs,
      maxQueued: this.#options.maxQueuedEvents,
      maxPaths: maxClients + spareMailboxes,
      onLost: (path, reason) => this.#onLost(path, reason),
    })
    this.#desk = new RequestDesk({
      source: this.#source,
      maxRequests: this.#options.maxRequests,
      signal: this.#closing.signal,
    })
    this.#socket = new DocumentSocket({
      ...this.#options,
      path: socketPath,
      clock,
      onDocument: (bytes) => this.#onDocument(bytes),
      onRefused: (reason) => log.warn({ reason }, 'a connection brought no event'),
    })
  }

  get socketPath(): string {
    return this.#options.socketPath
  }

  /** The clients that are registered. */
  get clients(): readonly ClientData[] {
    return this.#roster.clients
  }

  /** The user that clients are told of. */
  get userId(): string {
    return this.#userId
  }

  /**
   * Logs in at the source, listens, and begins to pass events on.
   *
   * @throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`; and what the source throws when it cannot log in.
   */
  async listen(): Promise<void> {
    if (this.#wasStarted) throw new ServerError('this daemon was started already; make another one')
    this.#wasStarted = true
    try {
      this.#userId = await this.#source.connect(this.#closing.signal)
      await this.#socket.listen()
    } catch (error) {
      await this.close()
      throw error
    }
    if (this.#closing.signal.aborted) return this.#socket.close()
    this.#scheduleRound()
    this.#sourceEnded = this.#passEventsOn()
    this.#options.log.info({ path: this.socketPath }, 'the daemon listens')
  }

  /** Sends an event to all clients as `daemon_tracim_event`, beside those of the source. @throws TypeError where it has no JSON. */
  publish(event: TracimEvent | string): void {
    this.#broadcast(types.tracimEvent, typeof event === 'string' ? event : JSON.stringify(event))
  }

  /** Stops the source, drops what was not delivered, and removes the socket. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#pingTimer?.cancel()
    this.#post.close()
    await this.#socket.close()
    await this.#sourceEnded
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #passEventsOn(): Promise<void> {
    const { log } = this.#options
    const { signal } = this.#closing
    try {
      for await (const event of this.#source.events(signal)) {
        if (signal.aborted) return
        try {
          this.publish(event)
        } catch (error) {
          log.error({ error }, 'an event of the source has no JSON, and was left out')
        }
      }
      if (!signal.aborted) log.debug({}, 'the source has ended; the daemon goes on')
    } catch (error) {
      if (!signal.aborted) log.error({ error }, 'the source has failed; the daemon goes on without it')
    }
  }

  #onDocument(bytes: Buffer): void {
    try {
      const event = parseEvent(bytes)
      const status = checkPeerSocket(event.path, this.socketPath)
      // One that leaves may have removed its socket before this is read.
      if (status === undefined && event.type === types.clientAdd) throw new BadEvent(`path: there is no ${event.path}`)
      this.#options.log.debug({ type: event.type, path: event.path }, 'received')
      this.#route(event)
    } catch (error) {
      const { log } = this.#options
      if (error instanceof BadEvent) log.warn({ reason: error.message }, 'an event was refused')
      else log.error({ error }, 'an event could not be worked on')
    }
  }

  #route(event: DaemonEvent): void {
    switch (event.type) {
      case types.clientAdd:
        return this.#add(readClientData(event))
      case types.clientDelete:
        return this.#delete(event)
      case types.getClients:
        return this.#send(event.path, types.clients, this.clients)
      case types.getAccountInfo:
        return this.#send(event.path, types.accountInfo, { user_id: this.#userId })
      case types.doRequest:
        return void this.#request(event)
      case types.ping:
        return this.#send(event.path, types.pong, null)
      case types.pong:
        this.#roster.markAnswered(event.path)
        return this.#send(event.path, types.ack, { type: event.type })
      case types.ack:
        return
      default:
        // As TracimDaemon does: a client may be newer than its daemon, and waits for an answer.
        this.#options.log.debug({ type: event.type, path: event.path }, 'nothing is known of this type')
        return this.#send(event.path, types.ack, { type: event.type })
    }
  }

  #add(client: ClientData): void {
    const { maxClients, log } = this.#options
    if (!this.#roster.has(client.path) && this.#roster.size >= maxClients)
      throw new BadEvent(`path: ${client.path} is refused, as ${maxClients} clients are registered already`)
    this.#roster.add(client)
    log.info({ ...client }, 'client registered')
    this.#send(client.path, types.accountInfo, { user_id: this.#userId })
    this.#announce(types.clientAdded, client)
  }

  #delete(event: DaemonEvent): void {
    if (event.data !== null) readClientData(event)
    const client = this.#roster.remove(event.path)
    if (client !== undefined) {
      // What is on its way to a client that leaves is not waited for.
      this.#post.forget(event.path)
      this.#options.log.info({ ...client }, 'client unregistered')
    }
    this.#send(event.path, types.ack, { type: event.type })
    if (client !== undefined) this.#announce(types.clientDeleted, client)
  }

  async #request(event: DaemonEvent): Promise<void> {
    const answer = await this.#desk.answer(event.data)
    this.#send(event.path, types.requestResult, answer)
  }

  #onLost(path: string, reason: string): void {
    const client = this.#roster.remove(path)
    if (client === undefined) return this.#options.log.debug({ path, reason }, 'an answer was not delivered')
    this.#options.log.warn({ ...client, reason }, 'client dropped')
    this.#announce(types.clientDeleted, client)
  }

  #scheduleRound(): void {
    this.#pingTimer = this.#options.clock.setTimer(() => {
      this.#pingRound()
      this.#scheduleRound()
    }, this.#options.pingIntervalMs)
  }

  #pingRound(): void {
    const silent = this.#roster.nextRound()
    for (const client of silent) {
      this.#post.forget(client.path)
      this.#options.log.warn({ ...client, reason: 'it did not answer the last ping' }, 'client dropped')
    }
    for (const client of silent) this.#announce(types.clientDeleted, client)
    this.#broadcast(types.ping, null)
  }

  #announce(type: DaemonEventType, client: ClientData): void {
    if (this.#options.announceClients) this.#broadcast(type, client)
  }

  /** One text for all. */
  #broadcast(type: DaemonEventType, data: unknown): void {
    const document = formatEvent({ type, path: this.socketPath, data })
    for (const path of [...this.#roster.paths()]) this.#post.send(path, document)
  }

  #send(path: string, type: DaemonEventType, data: unknown): void {
    this.#post.send(path, formatEvent({ type, path: this.socketPath, data }))
  }
}

function sourceOf({ source, toEvent }: TracimDaemonOptions, userId: string): EventSource {
  if (source !== undefined && !(Symbol.asyncIterator in source)) return source
  return new IterableSource(source ?? nothing(), userId, toEvent)
}

async function* nothing(): AsyncGenerator<never> {}
