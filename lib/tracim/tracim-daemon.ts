// The daemon: clients register at its socket, and each receives the events of the source. Routes events by type. Leaves sockets,
// queues, registrations and the source to other files.
import { setMaxListeners } from 'node:events'
import type { Timer } from '../core/base/clock.ts'
import { ServerError } from '../core/base/errors.ts'
import { BadEvent, type DaemonEvent, formatEvent, parseEvent, readClientData } from './daemon-event.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import { DocumentSocket } from './document-socket.ts'
import { type EventSource, IterableSource } from './event-source.ts'
import { type ClientData, type DaemonEventType, type TracimEvent, daemonEventTypes as types } from './event-types.ts'
import { checkPeerSocket } from './peer-path.ts'
import { Registrations } from './registrations.ts'
import { RequestForwarder } from './request-forwarder.ts'
import { type ResolvedDaemonOptions, resolveDaemonOptions, type TracimDaemonOptions } from './tracim-daemon-options.ts'

/** Paths without a registration that may have a queue: for answers to unregistered clients. */
const spareQueues = 1_024

/**
 * A local daemon that speaks TracimDaemon's protocol: clients in any language register at its Unix socket and receive the
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
  readonly #deliveries: DeliveryQueue
  readonly #forwarder: RequestForwarder
  readonly #registrations = new Registrations()
  readonly #closing = new AbortController()
  #userId = ''
  #pingTimer: Timer | undefined
  #wasStarted = false
  #sourceEnded: Promise<void> = Promise.resolve()

  /** @throws ClientError (`INVALID_OPTION`) that names the option. */
  constructor(given: TracimDaemonOptions) {
    this.#options = resolveDaemonOptions(given)
    // A program's own source may add a listener with each forwarded request.
    setMaxListeners(0, this.#closing.signal)
    const { log, socketPath, clock, maxClients } = this.#options
    this.#source = sourceOf(given, this.#options.userId)
    this.#deliveries = new DeliveryQueue({
      ...this.#options,
      ownPath: socketPath,
      busyTimeoutMs: 2 * this.#options.pingIntervalMs,
      maxQueued: this.#options.maxQueuedEvents,
      maxPaths: maxClients + spareQueues,
      onLost: (path, reason) => this.#onLost(path, reason),
    })
    this.#forwarder = new RequestForwarder({
      source: this.#source,
      maxRequests: this.#options.maxRequests,
      signal: this.#closing.signal,
    })
    this.#socket = new DocumentSocket({
      ...this.#options,
      path: socketPath,
      clock,
      onDocument: (bytes) => this.#onDocument(bytes),
      onRefused: (reason) => log.warn({ reason }, 'a connection sent no event'),
    })
  }

  get socketPath(): string {
    return this.#options.socketPath
  }

  /** The registered clients. */
  get clients(): readonly ClientData[] {
    return this.#registrations.clients
  }

  /** The user id that clients receive as the account. */
  get userId(): string {
    return this.#userId
  }

  /**
   * Logs in at the source, listens, and starts to pass events on.
   *
   * @throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED`; and the source's error if it cannot log in.
   */
  async listen(): Promise<void> {
    if (this.#wasStarted) throw new ServerError('this daemon was already started; create another one')
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

  /**
   * Sends an event to all clients as `daemon_tracim_event`, like those of the source. @throws TypeError if it cannot be
   * written as JSON.
   */
  publish(event: TracimEvent | string): void {
    this.#broadcast(types.tracimEvent, typeof event === 'string' ? event : JSON.stringify(event))
  }

  /** Stops the source, drops undelivered events, and removes the socket. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#pingTimer?.cancel()
    this.#deliveries.close()
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
          log.error({ error }, 'an event of the source cannot be written as JSON, and was dropped')
        }
      }
      if (!signal.aborted) log.debug({}, 'the source has ended; the daemon continues')
    } catch (error) {
      if (!signal.aborted) log.error({ error }, 'the source has failed; the daemon continues without it')
    }
  }

  #onDocument(bytes: Buffer): void {
    try {
      const event = parseEvent(bytes)
      const status = checkPeerSocket(event.path, this.socketPath)
      // A leaving client may have removed its socket before this is read.
      if (status === undefined && event.type === types.clientAdd) throw new BadEvent(`path: there is no ${event.path}`)
      this.#options.log.debug({ type: event.type, path: event.path }, 'received')
      this.#route(event)
    } catch (error) {
      const { log } = this.#options
      if (error instanceof BadEvent) log.warn({ reason: error.message }, 'an event was refused')
      else log.error({ error }, 'an event could not be handled')
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
        this.#registrations.markAnswered(event.path)
        return this.#send(event.path, types.ack, { type: event.type })
      case types.ack:
        return
      default:
        // As in TracimDaemon: a client may be newer than its daemon, and waits for an answer.
        this.#options.log.debug({ type: event.type, path: event.path }, 'unknown type')
        return this.#send(event.path, types.ack, { type: event.type })
    }
  }

  #add(client: ClientData): void {
    const { maxClients, log } = this.#options
    if (!this.#registrations.has(client.path) && this.#registrations.size >= maxClients)
      throw new BadEvent(`path: ${client.path} is refused: ${maxClients} clients are already registered`)
    this.#registrations.add(client)
    log.info({ ...client }, 'client registered')
    this.#send(client.path, types.accountInfo, { user_id: this.#userId })
    this.#announce(types.clientAdded, client)
  }

  #delete(event: DaemonEvent): void {
    if (event.data !== null) readClientData(event)
    const client = this.#registrations.remove(event.path)
    if (client !== undefined) {
      // A leaving client does not need queued events.
      this.#deliveries.forget(event.path)
      this.#options.log.info({ ...client }, 'client unregistered')
    }
    this.#send(event.path, types.ack, { type: event.type })
    if (client !== undefined) this.#announce(types.clientDeleted, client)
  }

  async #request(event: DaemonEvent): Promise<void> {
    const answer = await this.#forwarder.answer(event.data)
    this.#send(event.path, types.requestResult, answer)
  }

  #onLost(path: string, reason: string): void {
    const client = this.#registrations.remove(path)
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
    const silent = this.#registrations.nextRound()
    for (const client of silent) {
      this.#deliveries.forget(client.path)
      this.#options.log.warn({ ...client, reason: 'it did not answer the last ping' }, 'client dropped')
    }
    for (const client of silent) this.#announce(types.clientDeleted, client)
    this.#broadcast(types.ping, null)
  }

  #announce(type: DaemonEventType, client: ClientData): void {
    if (this.#options.announceClients) this.#broadcast(type, client)
  }

  /** One text for all clients. */
  #broadcast(type: DaemonEventType, data: unknown): void {
    const document = formatEvent({ type, path: this.socketPath, data })
    for (const path of [...this.#registrations.paths()]) this.#deliveries.send(path, document)
  }

  #send(path: string, type: DaemonEventType, data: unknown): void {
    this.#deliveries.send(path, formatEvent({ type, path: this.socketPath, data }))
  }
}

function sourceOf({ source, toEvent }: TracimDaemonOptions, userId: string): EventSource {
  if (source !== undefined && !(Symbol.asyncIterator in source)) return source
  return new IterableSource(source ?? nothing(), userId, toEvent)
}

async function* nothing(): AsyncGenerator<never> {}
