// The client of a daemon: its own socket, its registration, its handlers by event type. Works with every daemon that speaks the
// protocol.

import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { deferred } from '../core/base/deferred.ts'
import { ClientError } from '../core/base/errors.ts'
import type { Filled } from '../core/base/option-table.ts'
import { unawaited } from '../core/base/unawaited.ts'
import { resolveClientOptions, type TracimDaemonClientOptions } from './client-options.ts'
import { clientsIn, isAnswerTo } from './daemon-answers.ts'
import { type DaemonEvent, isRecord, parseEvent } from './daemon-event.ts'
import { DaemonRequests } from './daemon-requests.ts'
import { DocumentSocket } from './document-socket.ts'
import { EventDispatch } from './event-dispatch.ts'
import { type ErrorData, type EventHandler, EventHandlers } from './event-handlers.ts'
import { EventReaders } from './event-readers.ts'
import { type ClientData, localEventTypes, type RequestResultData, daemonEventTypes as types } from './event-types.ts'
import { ExitHooks } from './exit-hooks.ts'
import { checkPeerSocket } from './peer-path.ts'
import { Registration, socketAt } from './registration.ts'

/** The answer to a request that the daemon forwarded. */
export interface DaemonRequestAnswer {
  readonly statusCode: number
  /** Such as `200 OK`. */
  readonly status: string
  readonly body: Buffer
}

/**
 * A client of a TracimDaemon.
 *
 * @example
 * const client = new TracimDaemonClient({ masterSocketPath, clientSocketPath })
 * client.on('content.created.comment', (event) => console.log(tracimEventOf(event).fields))
 * await client.createClientSocket()
 * await client.registerToMaster()
 * await client.listenToEvents()
 */
export class TracimDaemonClient implements AsyncDisposable {
  readonly #options: Filled<TracimDaemonClientOptions>
  readonly #handlers: EventHandlers<TracimDaemonClient>
  readonly #readers: EventReaders
  readonly #requests: DaemonRequests
  readonly #hooks: ExitHooks
  readonly #dispatch: EventDispatch<TracimDaemonClient>
  readonly #registration: Registration
  #socket: DocumentSocket | undefined
  #isRegistered = false
  #closed: Promise<void> | undefined
  readonly #whenClosed = deferred<void>()

  /** The user that the daemon is logged in as; empty until the daemon has sent it. */
  userId = ''

  /** @throws ClientError (`INVALID_OPTION`) that names the option. */
  constructor(options: TracimDaemonClientOptions) {
    this.#options = resolveClientOptions(options)
    const { log, closeOnSignals: signals, clientSocketPath } = this.#options
    this.#handlers = new EventHandlers<TracimDaemonClient>(this, log)
    this.#readers = new EventReaders(this.#options)
    this.#dispatch = new EventDispatch(this.#handlers, this.#readers, this.#options)
    this.#requests = new DaemonRequests(this.#options)
    const onExit = (): void => rmSync(clientSocketPath, { force: true })
    this.#hooks = new ExitHooks({ signals, close: () => this.close(), onExit })
    this.#registration = new Registration({
      ...this.#options,
      random: Math.random,
      register: (signal) => this.#register(signal),
      isKnown: async (signal) =>
        clientsIn(await this.#askForClients(signal)).some(({ path }) => path === clientSocketPath),
      onRegisteredAgain: (reason) =>
        this.#dispatch.handOut({ type: localEventTypes.registeredAgain, path: '', data: { reason } }),
    })
    this.on(types.ping, (event) => this.#answerPing(event))
    this.on(types.accountInfo, (event) => this.#takeAccount(event))
    this.on(localEventTypes.error, ({ data }) => log.error({ error: (data as ErrorData).error }, 'an event failed'))
  }

  get masterSocketPath(): string {
    return this.#options.masterSocketPath
  }

  get clientSocketPath(): string {
    return this.#options.clientSocketPath
  }

  /**
   * Sets the handler of a type, replacing an earlier one: a `daemonEventTypes` value, an event type of Tracim
   * (`content.created.comment`), or a `localEventTypes` value for all events or for errors. Handlers run one after the other,
   * in the order of the events; only pings do not wait.
   */
  on(type: string, handler: EventHandler<TracimDaemonClient>): void {
    this.#handlers.set(type, handler)
  }

  /** Removes the handler of a type, even a default one. */
  off(type: string): void {
    this.#handlers.remove(type)
  }

  /** All events from now on. A reader that falls `maxQueuedEvents` behind receives a ClientError (`ITEMS_DISCARDED`). */
  events(): AsyncIterableIterator<DaemonEvent> {
    return this.#readers.open()
  }

  /** Creates this client's socket, and starts to handle events. @throws ServerError: `ADDRESS_IN_USE`, `LISTEN_FAILED` */
  async createClientSocket(): Promise<void> {
    if (this.#socket !== undefined || this.#closed !== undefined)
      throw new ClientError('this client already has its socket; create another client')
    this.#socket = new DocumentSocket({
      ...this.#options,
      path: this.clientSocketPath,
      onDocument: (bytes) => this.#onDocument(bytes),
      onRefused: (reason) => void this.#handlers.fail(new ClientError(reason, { code: 'BAD_REQUEST' })),
    })
    try {
      await this.#socket.listen()
    } catch (error) {
      this.#socket = undefined
      throw error
    }
    if (this.#closed === undefined) this.#hooks.install()
  }

  /**
   * Registers; settles when the daemon has sent its account. From then on this client registers again automatically if the
   * daemon has restarted, and emits `custom_registered_again`.
   *
   * @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED`
   */
  async registerToMaster(): Promise<void> {
    if (this.#socket === undefined)
      throw new ClientError('call createClientSocket() first: this client has no socket yet')
    this.#isRegistered = true
    const socket = socketAt(this.masterSocketPath)
    await this.#register()
    if (this.#options.keepRegistered && this.#isRegistered && this.#closed === undefined)
      this.#registration.begin(socket)
  }

  /** Unregisters; settles when the daemon has acknowledged it. @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED` */
  async unregisterFromMaster(): Promise<void> {
    this.#isRegistered = false
    await this.#registration.end()
    await this.#requests.ask(types.clientDelete, this.#self, ({ type }) => type === types.ack)
  }

  /** Settles when this client is closed. */
  listenToEvents(): Promise<void> {
    return this.#whenClosed.promise
  }

  /** Settles when the daemon has answered. @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED` */
  async ping(): Promise<void> {
    await this.#requests.ask(types.ping, null, ({ type }) => type === types.pong)
  }

  /** The registered clients. @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED` */
  async getClients(): Promise<ClientData[]> {
    return clientsIn(await this.#askForClients())
  }

  /** The daemon's account. @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED` */
  async getAccountInfo(): Promise<string> {
    this.#takeAccount(await this.#requests.ask(types.getAccountInfo, null, ({ type }) => type === types.accountInfo))
    return this.userId
  }

  /**
   * Asks the daemon to forward a request to Tracim. An error of Tracim is an answer with its status.
   *
   * @param endpoint Begins with a slash, such as `/workspaces`.
   * @param body Text, or a value that is sent as JSON.
   * @throws ClientError: `UNREACHABLE`, `NO_RESPONSE`, `CLOSED`
   */
  async doRequest(method: string, endpoint: string, body: unknown = null): Promise<DaemonRequestAnswer> {
    const isAnswer = (event: DaemonEvent): boolean => isAnswerTo(event, method, endpoint)
    const { data } = await this.#requests.ask(types.doRequest, { method, endpoint, body }, isAnswer)
    const { status_code: statusCode, status, data: text } = data as RequestResultData // checked by isAnswer
    return { statusCode, status, body: Buffer.from(text, 'base64') }
  }

  /** Sends any event to the daemon. @throws ClientError: `UNREACHABLE`, `CLOSED` */
  send(type: string, data: unknown = null): Promise<void> {
    return unawaited(this.#requests.send(type, data))
  }

  /** Unregisters if possible, and removes the socket. Also runs when a signal ends the process. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #self(): ClientData {
    return { path: this.clientSocketPath, pid: String(process.pid) }
  }

  async #register(signal?: AbortSignal): Promise<void> {
    const isAnswer = ({ type }: DaemonEvent): boolean => type === types.accountInfo
    this.#takeAccount(await this.#requests.ask(types.clientAdd, this.#self, isAnswer, signal))
  }

  #askForClients(signal?: AbortSignal): Promise<DaemonEvent> {
    return this.#requests.ask(types.getClients, null, ({ type }) => type === types.clients, signal)
  }

  async #close(): Promise<void> {
    // Otherwise it could be registered after it has left.
    await this.#registration.end()
    // If the daemon is gone, there is nothing to unregister from.
    if (this.#isRegistered) await this.#requests.send(types.clientDelete, this.#self).catch(() => undefined)
    this.#requests.close()
    await this.#socket?.close()
    this.#hooks.remove()
    this.#readers.close()
    this.#whenClosed.resolve()
  }

  #onDocument(bytes: Buffer): void {
    let event: DaemonEvent
    try {
      event = parseEvent(bytes)
    } catch (error) {
      return void this.#handlers.fail(error)
    }
    this.#requests.receive(event)
    if (event.type === types.ping && this.#isMaster(event.path)) this.#registration.heard()
    this.#dispatch.handOut(event, bytes.length)
  }

  async #answerPing({ path }: DaemonEvent): Promise<void> {
    checkPeerSocket(path, this.clientSocketPath)
    await this.#requests.send(types.pong, null, path)
  }

  #isMaster(path: string): boolean {
    return resolve(path) === resolve(this.masterSocketPath)
  }

  #takeAccount({ path, data }: DaemonEvent): void {
    if (!this.#isMaster(path) || !isRecord(data)) return
    const id = data['user_id']
    if (typeof id === 'string' || typeof id === 'number') this.userId = String(id)
  }
}
