// ActionServer: registers actions, listens, takes clients in, drains when it is shut down. Knows actions only; what
// is built on them joins as a feature.

import { Accounting } from '../accounting/accounting.ts'
import type { Usage } from '../accounting/usage.ts'
import { ActionHost } from '../action/action-host.ts'
import { ActionRunner } from '../action/action-runner.ts'
import type { PublishOptions, ServerView, TopicClass } from '../action/context.ts'
import type { RegisteredAction } from '../action/registry.ts'
import { LinkError, ServerError } from '../base/errors.ts'
import { Listeners } from '../base/listeners.ts'
import { invalidOption } from '../base/options.ts'
import type { TlsRenewal } from '../link/listener.ts'
import { StandardCodec, valueLimitsOf } from '../wire/value-codec.ts'
import { builtInActions } from './built-in-actions.ts'
import { checkDrainOptions, type DrainOptions, defaultGraceMs, drain, shuttingDown } from './drain.ts'
import { type EndSessionsOptions, endSessions } from './ending-sessions.ts'
import { Entrance } from './entrance.ts'
import { ErrorHook } from './error-hook.ts'
import type { ServerFeature, ServerKit } from './feature.ts'
import { Features } from './features.ts'
import { OpenPorts } from './open-ports.ts'
import { OwnPorts } from './own-ports.ts'
import { RunQueue } from './run-queue.ts'
import { type ServerEvents, serverEvents } from './server-events.ts'
import { kitOf } from './server-kit.ts'
import { type ResolvedServerOptions, resolveServerOptions, type ServerArguments } from './server-options.ts'
import type { ServerSession, SessionSurroundings } from './server-session.ts'
import { SessionStore } from './session-store.ts'

/** Runs actions for clients. Users get the one of facade/server.ts. */
export class ActionServer extends ActionHost implements Omit<ServerView, 'db'> {
  readonly #options: ResolvedServerOptions
  readonly #accounting: Accounting
  readonly #store: SessionStore
  readonly #entrance: Entrance
  readonly #surroundings: SessionSurroundings
  readonly #errors: ErrorHook
  readonly #features: Features
  readonly #openPorts: OpenPorts
  readonly #listeners: Listeners<ServerEvents>
  readonly #ports = new OwnPorts()
  #isListening = false
  /** Settled when the features have started, which they do before the first address is open. */
  #started: Promise<void> | undefined
  #isServing = false
  #isClosed = false
  #shutdown: Promise<void> | undefined
  readonly #waitingForEnd: (() => void)[] = []

  /**
   * `new Server(host, port, options?)`, `new Server(address, options?)` or `new Server(options)`.
   * @throws ClientError (`INVALID_OPTION`) that names the option that is wrong.
   */
  constructor(...args: ServerArguments) {
    super()
    const options = resolveServerOptions(args)
    const { given, clock, limits, log, isShared } = options
    this.#options = options
    this.#errors = new ErrorHook({ log, clock, classes: this.classes, given })
    this.#features = new Features(this.#errors, clock)
    for (const Class of given.classes ?? []) this.classes.declareClass(Class)
    const codec = new StandardCodec(this.classes, valueLimitsOf(limits))
    const refusal = (): ServerError | undefined => (this.isShuttingDown ? shuttingDown() : undefined)
    for (const action of builtInActions(() => this.actions, codec)) this.registry.addBuiltIn(action)
    this.#accounting = new Accounting({ maxHeldBytes: limits.maxHeldBytes, isShared })
    this.#listeners = new Listeners(serverEvents, (error, event) =>
      this.#errors.report(error, `a listener of ${event}`),
    )
    this.#store = new SessionStore(clock, limits, this.#accounting, (session, change) => {
      if (change === 'ended') this.#entrance.revalidation.forget(session)
      this.#features.sessionChanged(session, change)
      this.#listeners.tell('session', { session, change })
    })
    const runs = new RunQueue(clock, limits.maxRunningCalls, {
      onIdle: (holder) => this.#accounting.callsEnded(holder),
      onScarce: (share) => this.#store.roomForCalls.make(share),
    })
    this.#surroundings = {
      clock,
      limits,
      codec,
      classes: this.classes,
      runner: new ActionRunner({
        registry: this.registry,
        codec,
        classes: this.classes,
        exposeStacks: given.exposeStacks ?? false,
        exposeErrors: given.exposeErrors ?? false,
        inheritContext: given.inheritContext ?? false,
        onThrown: (error, call, session) => this.#errors.thrown(error, call.name, session, call.seq),
      }),
      runs,
      server: this as unknown as ServerView,
      log,
      retry: options.retry,
      refusal: (session) => refusal() ?? runs.refusal(session),
      onLinkLost: (session, how) => this.#store.detach(session, how),
      onLeft: (session) => void this.#store.end(session, new LinkError('the client left')),
      onAnsweredAway: (session) => this.#store.restIfIdle(session),
      onDismissed: (session, reason) => void this.#store.dismiss(session, reason),
    }
    this.#openPorts = new OpenPorts(options.guards.length > 0 || given.gate !== undefined, options.log)
    this.#entrance = new Entrance({
      options,
      accounting: this.#accounting,
      store: this.#store,
      surroundings: this.#surroundings,
      addresses: () => this.addresses,
      refusal,
    })
  }

  /** What it listens at, with the ports that it really got; empty before `listen`. */
  get addresses(): readonly string[] {
    return this.#ports.addresses
  }

  get actionNames(): readonly string[] {
    return this.registry.names
  }

  /** The registered actions with their schemas, for those who list them. */
  get actions(): readonly RegisteredAction[] {
    return this.registry.actions
  }

  /** The listening sockets, in the order of the addresses, for a process that is to go on with them. */
  get fds(): readonly number[] {
    return this.#ports.fds
  }

  /** Calls that were taken so far, those of built-in actions included. */
  get callCount(): number {
    return this.#surroundings.runs.admittedCount
  }

  /** What this server holds for its clients at the moment, and who holds most. */
  get usage(): Usage {
    return this.#accounting.usage()
  }

  get isShuttingDown(): boolean {
    return this.#shutdown !== undefined
  }

  /**
   * Ends all sessions of an identity: of a user who is banned, or whose password has changed. Returns how many there were.
   * Throws ClientError (`INVALID_OPTION`).
   *
   * @example
   * server.endSessions({ identity: 'ada', reason: 'your password was changed' })
   */
  endSessions(options: EndSessionsOptions): number {
    return endSessions(this.sessions, options)
  }

  /** What renews TLS at the server's own ports. */
  protected tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[] {
    return this.#ports.tlsRenewals(this.#options.given.tls, renewal)
  }

  /**
   * Tells a listener of `session`: one that was opened, lost its link, was resumed or ended. Returns what removes it. What it throws
   * goes to `onError`. Throws ClientError (`INVALID_OPTION`).
   *
   * @example
   * server.on('session', ({ session, change }) => console.log(session.name ?? session.id, change))
   */
  on<E extends keyof ServerEvents>(event: E, listener: (detail: ServerEvents[E]) => unknown): () => void {
    return this.#listeners.add(event, listener)
  }

  /** The clients' sessions, connected or not. */
  get sessions(): readonly ServerSession[] {
    return this.#store.all()
  }

  /** Sends a message to the subscribers of a channel. Here there are none: whoever has channels overrides it. */
  publish<Message>(topic: TopicClass<Message>, _message: Message, _options?: PublishOptions): Promise<void> {
    return Promise.reject(new ServerError(`this server has no channel "${topic.name}"`, { code: 'UNKNOWN_CHANNEL' }))
  }

  /**
   * Begins to serve at all addresses, or at none.
   *
   * @throws ServerError: `ADDRESS_IN_USE` that names the address; `LISTEN_FAILED`.
   */
  async listen(): Promise<this> {
    if (this.isShuttingDown)
      throw new ServerError('this server was shut down; make another one', { code: 'SHUTTING_DOWN' })
    if (this.#isListening) throw new ServerError('this server listens already', { code: 'LISTEN_FAILED' })
    const { addresses, given, log } = this.#options
    if (addresses.length === 0)
      throw invalidOption('port', 'a port, a path or an address to listen at; or call listenWeb', undefined)
    this.#isListening = true
    try {
      await this.opening(async () => {
        await this.#ports.open(this.#options, this.#accounting, (link) => this.#entrance.admission.onLink(link))
        if (this.isShuttingDown) await this.#ports.close()
      })
    } catch (error) {
      this.#isListening = false
      throw error
    }
    this.#openPorts.lookAt(this.#ports.listeners, given.tls)
    log.info({ addresses: this.addresses }, 'listening')
    return this
  }

  /** Opens a way in, after the features have started. @internal */
  protected async opening<T>(open: () => Promise<T>): Promise<T> {
    if (this.isShuttingDown) throw shuttingDown()
    this.#started ??= this.#features.start()
    try {
      await this.#started
    } catch (error) {
      this.#started = undefined
      throw error
    }
    if (this.isShuttingDown) throw shuttingDown()
    const opened = await open()
    if (this.isShuttingDown) throw shuttingDown()
    if (!this.#isServing) this.#features.listening()
    this.#isServing = true
    return opened
  }

  /** Listens, where nothing was opened yet, then waits until the server is shut down. */
  async serveForever(): Promise<void> {
    if (!this.#isServing) await this.listen()
    if (this.#isClosed) return
    await new Promise<void>((resolve) => this.#waitingForEnd.push(resolve))
  }

  /**
   * Takes no new calls (they are refused as not started), lets running ones finish, then closes everything.
   * Handlers that run on after `graceMs` (default 10 000) are told by their signal. Settles when all is released.
   */
  async shutdown(options: DrainOptions = {}): Promise<void> {
    checkDrainOptions(options)
    this.#shutdown ??= this.#close(options)
    await this.#shutdown
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  async #close(options: DrainOptions): Promise<void> {
    // After this turn, so that isShuttingDown is true for whoever asks.
    await undefined
    const { graceMs = defaultGraceMs, keepsAddresses } = options
    await this.#ports.close(keepsAddresses)
    this.#entrance.admission.close(shuttingDown())
    await this.#features.drain(graceMs, () => drain(this.#store, this.#options.clock, graceMs))
    this.#entrance.revalidation.close()
    this.#store.close()
    this.#isClosed = true
    for (const resolve of this.#waitingForEnd.splice(0)) resolve()
    this.#options.log.info({}, 'shut down')
  }

  /** Joins something that is built on this server. @internal */
  protected addFeature<F extends ServerFeature>(make: (kit: ServerKit) => F): F {
    const { classes, registry } = this
    const [options, accounting, store, admission] = [
      this.#options,
      this.#accounting,
      this.#store,
      this.#entrance.admission,
    ]
    const [errors, openPorts] = [this.#errors, this.#openPorts]
    const parts = { server: this, classes, registry, options, accounting, store, admission, errors, openPorts }
    const feature = make(kitOf(parts))
    this.#features.add(feature)
    return feature
  }
}
