// ActionClient. Runs actions by class reference, over a connection that it opens when needed and reopens when lost.
import type { ActionClass } from '../action/action.ts'
import { ActionHost } from '../action/action-host.ts'
import { Call } from '../action/call.ts'
import { CallStarter, type ClientCall } from '../action/call-starter.ts'
import type { Caller, CallOf } from '../action/context.ts'
import type { Credential } from '../action/credential.ts'
import type { NamedArguments, RunArguments } from '../action/inference.ts'
import { Interceptors } from '../action/interceptors.ts'
import type { CallRouter, PendingCall } from '../action/pending-call.ts'
import type { RunOptions } from '../action/run-options.ts'
import { ClientError, type IsockError } from '../base/errors.ts'
import { KnownClasses } from '../base/known-classes.ts'
import { Listeners } from '../base/listeners.ts'
import { queueMicrotask } from '../base/platform-timers.ts'
import type { OutgoingCall } from '../session/outgoing-call.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { decodeThrown } from '../wire/rich/error-record.ts'
import { StandardCodec, valueLimitsOf } from '../wire/value-codec.ts'
import { type ClientEvents, clientEvents } from './client-events.ts'
import type { ClientKit } from './client-kit.ts'
import {
  argumentsWith,
  type ClientArguments,
  type ResolvedClientOptions,
  resolveClientOptions,
} from './client-options.ts'
import type { ClientPlatform } from './client-platform.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { asIsockError, Connector } from './connector.ts'
import { DelayedRetries } from './delayed-retries.ts'
import { type CloseOptions, graceOf, untilOver } from './last-calls.ts'
import { type OtherClient, OtherCredentials } from './other-credentials.ts'
import { OwnActions } from './own-actions.ts'

type Inside = CallRouter & ConnectionOwner

/** Runs actions on a server. Users get the subclass in facade/client.ts. */
export class ActionClient extends ActionHost implements Caller {
  /** @internal */
  protected readonly interceptors = new Interceptors<ClientCall>()
  readonly #options: ResolvedClientOptions
  readonly #codec: StandardCodec
  readonly #known = new KnownClasses()
  readonly #ownActions: OwnActions
  readonly #starter: CallStarter
  readonly #connector: Connector
  readonly #delayed: DelayedRetries
  readonly #listeners: Listeners<ClientEvents>
  /** The last one takes new calls. The others are retired and only finish their calls. */
  #connections: Connection[] = []
  /** Set by `close()`: no new calls. */
  #isClosing = false
  #isClosed = false
  #released: Promise<unknown> = Promise.resolve()
  #otherCredentials: OtherCredentials | undefined
  readonly #makeOther: (credentials: readonly Credential[]) => OtherClient
  /** What connections and calls use of this client. Not for users. */
  readonly #inside: Inside

  /** @throws ClientError (`INVALID_OPTION`) that names the invalid option. */
  constructor(platform: ClientPlatform, args: ClientArguments) {
    super()
    const options = resolveClientOptions(platform, args)
    const { clock, random, backoff, retry, onRetry, metadata, timeoutMs, given, log } = options
    this.#makeOther = (credentials) => {
      const client = new ActionClient(platform, argumentsWith(credentials, args))
      return {
        get openCallCount() {
          return client.#openCalls.length
        },
        runAction: (action, data, given) => client.runAction(action, data, given),
        close: (given) => client.close(given),
      }
    }
    this.#options = options
    this.#inside = this.#makeInside()
    this.#listeners = new Listeners(clientEvents, (error, event) => log.error({ error, event }, 'a listener failed'))
    this.#codec = new StandardCodec(this.classes, valueLimitsOf(options.limits))
    for (const Class of given.classes ?? []) this.classes.declareClass(Class)
    this.#starter = new CallStarter({
      codec: this.#codec,
      classes: this.classes,
      router: this.#inside,
      clock,
      defaults: { retry, onRetry, metadata, timeoutMs },
      interceptors: this.interceptors,
    })
    const { registry, classes } = this
    this.#ownActions = new OwnActions({ registry, classes, codec: this.#codec, starter: this.#starter, options })
    this.#connector = new Connector(options, this.#codec)
    const { maxQueuedCalls: maxCount } = options.limits
    this.#delayed = new DelayedRetries({ clock, random, backoff, maxCount, submit: (call) => this.#resubmit(call) })
  }

  /** True while there is a link to the server. */
  get isConnected(): boolean {
    return this.#connections.at(-1)?.isReady ?? false
  }

  /** The id of the current session; '' before the first connection. */
  get sessionId(): string {
    return this.#connections.at(-1)?.session.id ?? ''
  }

  /**
   * Runs an action by class reference or wire name. Returns a promise of the result, see {@link Call}, which rejects with what
   * the action threw or with an IsockError. Never throws synchronously.
   *
   * @example
   * await client.runAction(Echo, 'hi')
   * for await (const n of client.runAction(Count, 10)) console.log(n)
   */
  runAction<Output = unknown, Item = unknown, Name = string>(
    name: Name,
    ...args: NamedArguments<Name, RunOptions>
  ): Call<Output, Item>
  runAction<C extends ActionClass>(action: C, ...args: RunArguments<C, RunOptions>): CallOf<C>
  runAction(action: unknown, data?: unknown, options?: RunOptions): Call<never, never, never> {
    if (options?.credentials === undefined) return this.#starter.start(action, data, options)
    if (this.#isClosing) return Call.failed(closedError())
    return this.#others.runAction(action, data, options)
  }

  /** Connects now rather than with the first call. Rejects with AuthError, or with ClientError after all retries. */
  async connect(): Promise<void> {
    await this.#connection().connect()
  }

  /**
   * Ends the session. Open calls have `graceMs` to finish; new ones are rejected. After that, unsent calls reject with `CLOSED`, and
   * sent ones with OutcomeUnknownError. A second `close()` ends the grace period. Rejects with ClientError (`INVALID_OPTION`).
   *
   * @example
   * await client.close({ graceMs: 5_000 })
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const graceMs = graceOf(options)
    this.#isClosing = true
    const others = this.#otherCredentials?.close({ graceMs })
    if (graceMs > 0) await untilOver(this.#openCalls, this.#options.clock, graceMs)
    if (!this.#isClosed) {
      this.#isClosed = true
      const reason = closedError()
      this.#listeners.emit('close', {})
      this.#delayed.close(reason)
      this.#released = Promise.all([...this.#connections].map((connection) => connection.close(reason)))
    }
    await Promise.all([this.#released, others])
  }

  /**
   * Adds a listener for an event of the connection: `connect`, `disconnect`, `reconnecting` or `close`. Returns a function that
   * removes the listener. Errors of listeners are logged. Throws ClientError (`INVALID_OPTION`).
   *
   * @example
   * client.on('disconnect', ({ reason }) => console.log(`the link is lost: ${reason.message}`))
   */
  on<E extends keyof ClientEvents>(event: E, listener: (detail: ClientEvents[E]) => unknown): () => void {
    return this.#listeners.add(event, listener)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The interface for features of this client. @internal */
  protected get kit(): ClientKit {
    const { clock, random, backoff, log } = this.#options
    return { client: this, classes: this.classes, known: this.#known, clock, random, backoff, log }
  }

  /** Called when the server has ended the session. @internal */
  protected onDismissed(connection: Connection, reason: IsockError): void {
    this.#listeners.emit('disconnect', { reason })
    void connection.close(reason)
  }

  get #others(): OtherCredentials {
    this.#otherCredentials ??= new OtherCredentials(this.#options.clock, this.#makeOther)
    return this.#otherCredentials
  }

  /** All outgoing calls of a client are PendingCalls that it made itself. */
  get #openCalls(): PendingCall[] {
    const sent = this.#connections.flatMap(({ session }) => session.outgoing.open)
    return [...sent, ...this.#delayed.all] as PendingCall[]
  }

  #makeInside(): Inside {
    const client = this
    return {
      get sessionId() {
        return client.sessionId
      },
      get clock() {
        return client.#options.clock
      },
      get isKeptConnected() {
        return client.#options.given.keepConnected ?? client.registry.names.length > 0
      },
      submit: (call) => this.#submit(call),
      retryLater: (call, refusal) => this.#retryLater(call, refusal),
      giveUpDelayed: (call, error) => this.#delayed.giveUp(call, error),
      calleeOf: (connection) => {
        const own = this.#ownActions
        return {
          startCall: (call) => own.start(connection.session, call),
          prepareForCalls: () => own.load(),
          encodeError: (error) => own.encodeError(error),
        }
      },
      decodeError: (error) => this.#decodeError(error),
      onRetired: (connection, calls) => this.#onRetired(connection, calls),
      emit: (event, detail) => this.#listeners.emit(event, detail),
      onClosed: (connection) => {
        this.#connections = this.#connections.filter((other) => other !== connection)
      },
      onDismissed: (connection, reason) => this.onDismissed(connection, reason),
    }
  }

  #submit(call: PendingCall): void {
    if (this.#isClosing) this.#delayed.giveUp(call, closedError())
    else if (!this.#delayed.queueBehind(call)) this.#connection().submit(call)
  }

  #retryLater(call: PendingCall, refusal: IsockError): boolean {
    if (this.#isClosed || !this.#delayed.hasRoom) return false
    // New calls already go to another server, so there is no need to wait.
    const isElsewhere = call.home !== this.#connections.at(-1)?.session.outgoing
    // After this turn, when the session has released it.
    queueMicrotask(() => {
      if (!call.isOpen) return
      if (this.#isClosed || isElsewhere) this.#resubmit(call)
      else this.#delayed.add(call, refusal)
    })
    return true
  }

  #decodeError(error: Payload): IsockError {
    try {
      return asIsockError(decodeThrown(this.#codec, error))
    } catch (unreadable) {
      return asIsockError(unreadable)
    }
  }

  #onRetired(connection: Connection, calls: OutgoingCall[]): void {
    if (this.#connections.at(-1) === connection)
      this.#connections.push(new Connection(this.#options, this.#connector, this.#inside))
    for (const call of calls) this.#connection().submit(call)
  }

  #resubmit(call: OutgoingCall): void {
    if (this.#isClosed) this.#delayed.giveUp(call, closedError())
    else if (call.isOpen) this.#connection().submit(call)
  }

  #connection(): Connection {
    if (this.#isClosed) throw closedError()
    let connection = this.#connections.at(-1)
    if (connection === undefined) {
      connection = new Connection(this.#options, this.#connector, this.#inside)
      this.#connections.push(connection)
    }
    return connection
  }
}

function closedError(): ClientError {
  return new ClientError('the client is closed; create another one', { code: 'CLOSED', notStarted: true })
}
