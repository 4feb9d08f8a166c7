// ActionServer. Registers actions, listens, admits clients, and drains when it is shut down. Knows actions only; leaves what
// is built on them to features.

import { Accounting } from '../accounting/accounting.ts'
import type { Usage } from '../accounting/usage.ts'
import { ActionHost } from '../action/action-host.ts'
import { ActionRunner } from '../action/action-runner.ts'
import type { PublishOptions, ServerFields, ServerView, TopicClass } from '../action/context.ts'
import type { ServerCall } from '../action/intercepted-run.ts'
import { Interceptors } from '../action/interceptors.ts'
import { throwWithoutData } from '../action/missing-feature.ts'
import type { RegisteredAction } from '../action/registry.ts'
import { LinkError, ServerError } from '../base/errors.ts'
import { Listeners } from '../base/listeners.ts'
import type { TlsRenewal } from '../link/listener.ts'
import { StandardCodec, valueLimitsOf } from '../wire/value-codec.ts'
import { AccessControl } from './access-control.ts'
import { builtInActions } from './built-in-actions.ts'
import { BusyWatch } from './busy-watch.ts'
import { checkDrainOptions, type DrainOptions, defaultGraceMs, drain, shuttingDown } from './drain.ts'
import { type EndSessionsOptions, endSessions } from './ending-sessions.ts'
import { ErrorHook } from './error-hook.ts'
import type { Feature, Listed, ServerFeature, ServerKit } from './feature.ts'
import { Features } from './features.ts'
import { OpenPorts } from './open-ports.ts'
import { OwnPorts } from './own-ports.ts'
import { reloadTls } from './reload-tls.ts'
import { RunQueue } from './run-queue.ts'
import { type ServerEvents, serverEvents } from './server-events.ts'
import { kitOf } from './server-kit.ts'
import {
  checkListen,
  type ResolvedServerOptions,
  resolveServerOptions,
  type ServerArguments,
} from './server-options.ts'
import type { ServerSession, SessionSurroundings } from './server-session.ts'
import { SessionStore } from './session-store.ts'

/** Runs actions for clients. Users get the subclass in facade/server.ts. */
export class ActionServer extends ActionHost implements Omit<ServerView, keyof ServerFields> {
  /** @internal */
  protected readonly interceptors = new Interceptors<ServerCall>()
  readonly #options: ResolvedServerOptions
  readonly #accounting: Accounting
  readonly #store: SessionStore
  readonly #access: AccessControl
  readonly #surroundings: SessionSurroundings
  readonly #errors: ErrorHook
  readonly #features: Features
  readonly #kit: ServerKit
  readonly #openPorts: OpenPorts
  readonly #listeners: Listeners<ServerEvents>
  readonly #ports: OwnPorts
  #isListening = false
  #isClosed = false
  #shutdown: Promise<void> | undefined
  readonly #waitingForEnd: (() => void)[] = []

  /**
   * `new Server(host, port, options?)`, `new Server(address, options?)` or `new Server(options)`.
   * @throws ClientError (`INVALID_OPTION`) that names the wrong option.
   */
  constructor(...args: ServerArguments) {
    super()
    const options = resolveServerOptions(args)
    const { given, clock, limits, log, isShared } = options
    this.#options = options
    this.#errors = new ErrorHook({ log, clock, classes: this.classes, given })
    for (const Class of given.classes ?? []) this.classes.declareClass(Class)
    const codec = new StandardCodec(this.classes, valueLimitsOf(limits))
    const refusal = (): ServerError | undefined => (this.isShuttingDown ? shuttingDown() : undefined)
    this.#features = new Features(this.#errors, clock, refusal)
    const listing = (): Listed[] => this.#features.listing()
    for (const action of builtInActions(() => this.actions, listing, codec)) this.registry.addBuiltIn(action)
    this.#accounting = new Accounting({ maxHeldBytes: limits.maxHeldBytes, isShared })
    this.#ports = new OwnPorts(options, this.#accounting)
    this.#listeners = new Listeners(serverEvents, (error, event) =>
      this.#errors.report(error, `a listener of ${event}`),
    )
    this.#store = new SessionStore(clock, limits, this.#accounting, (session, change) => {
      if (change === 'ended') this.#access.revalidation.forget(session)
      this.#features.sessionChanged(session, change)
      this.#listeners.emit('session', { session, change })
    })
    const runs = new RunQueue(clock, limits.maxRunningCalls, {
      onIdle: (holder) => this.#accounting.callsEnded(holder),
      onScarce: (share) => this.#store.roomForCalls.make(share),
    })
    this.#features.add(
      new BusyWatch({ clock, log, runs, registry: this.registry, isVirtual: given.clock !== undefined }),
    )
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
        interceptors: this.interceptors,
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
    this.#access = new AccessControl({
      options,
      accounting: this.#accounting,
      store: this.#store,
      surroundings: this.#surroundings,
      addresses: () => this.addresses,
      refusal,
    })
    this.#kit = kitOf({
      server: this,
      classes: this.classes,
      registry: this.registry,
      options,
      accounting: this.#accounting,
      store: this.#store,
      admission: this.#access.admission,
      errors: this.#errors,
      openPorts: this.#openPorts,
      opening: (open) => this.#features.opening(open),
    })
  }

  /** The addresses it listens at, with the actual ports, followed by those of its features; empty before `listen`. */
  get addresses(): readonly string[] {
    return [...this.#ports.addresses, ...this.#features.addresses]
  }

  get actionNames(): readonly string[] {
    return this.registry.names
  }

  /** The registered actions with their schemas. */
  get actions(): readonly RegisteredAction[] {
    return this.registry.actions
  }

  /** The listening sockets, in the order of the addresses, for a process that takes them over. */
  get fds(): readonly number[] {
    return this.#ports.fds
  }

  /** Calls accepted so far, including those of built-in actions. */
  get callCount(): number {
    return this.#surroundings.runs.admittedCount
  }

  /** What this server currently holds for its clients, and the largest holders. */
  get usage(): Usage {
    return this.#accounting.usage()
  }

  get isShuttingDown(): boolean {
    return this.#shutdown !== undefined
  }

  /**
   * Ends all sessions of an identity, such as a banned user. Returns their number. Throws ClientError (`INVALID_OPTION`).
   *
   * @example server.endSessions({ identity: 'ada', reason: 'your password was changed' })
   */
  endSessions(options: EndSessionsOptions): number {
    return endSessions(this.sessions, options)
  }

  /**
   * Presents another certificate to new connections, at all ports with TLS; open links stay. Without an argument it uses the ports'
   * own option `tls`, and reads its files again. If the result cannot be used, nothing changes. Renews key, certificate, `ca` and
   * passphrase, but not whether clients are asked for certificates. Ports with `keyFile` renew themselves.
   *
   * @throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_USAGE`) if no port has TLS.
   * @example server.reloadTls({ key: await vault.key(), cert: await vault.certificate() })
   */
  reloadTls(renewal?: TlsRenewal): void {
    reloadTls([this.#ports, this.#features], renewal)
  }

  /**
   * Adds a feature, like the option `features`. Call it before adding the actions that need it, and before `listen`. Returns what
   * the feature attached.
   *
   * @throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_USAGE`) for a duplicate name, or when it is too late.
   * @example server.addFeature(threads({ max: 2 }))
   */
  addFeature<F extends ServerFeature>(feature: Feature<F>): F {
    return this.#features.attach(feature, this.#kit)
  }

  /** Returns what `addFeature` or the option `features` attached under this name. */
  findFeature(name: string): ServerFeature | undefined {
    return this.#features.find(name)
  }

  /**
   * Adds a listener for `session`: called when a session was opened, lost its link, was resumed or ended. Returns a function that
   * removes it. What it throws goes to `onError`. Throws ClientError (`INVALID_OPTION`).
   * @example server.on('session', ({ session, change }) => console.log(session.name ?? session.id, change))
   */
  on<E extends keyof ServerEvents>(event: E, listener: (detail: ServerEvents[E]) => unknown): () => void {
    return this.#listeners.add(event, listener)
  }

  /** The clients' sessions, connected or not. */
  get sessions(): readonly ServerSession[] {
    return this.#store.all()
  }

  /** Sends a message to the subscribers of a channel. Always rejects here; the subclass with channels overrides it. */
  publish<Message>(topic: TopicClass<Message>, _message: Message, _options?: PublishOptions): Promise<void> {
    return Promise.reject(new ServerError(`this server has no channel "${topic.name}"`, { code: 'UNKNOWN_CHANNEL' }))
  }

  /**
   * Starts to serve at all addresses, or at none.
   *
   * @throws ServerError: `ADDRESS_IN_USE` that names the address; `LISTEN_FAILED`.
   */
  async listen(): Promise<this> {
    if (this.isShuttingDown)
      throw new ServerError('this server was shut down; make another one', { code: 'SHUTTING_DOWN' })
    if (this.#isListening) throw new ServerError('this server is already listening', { code: 'LISTEN_FAILED' })
    const { addresses, given, log } = this.#options
    // biome-ignore lint/complexity/noArguments: a parameter would be offered to users
    checkListen(addresses, arguments[0])
    this.#isListening = true
    try {
      await this.#features.opening(async () => {
        await this.#ports.open((link) => this.#access.admission.onLink(link))
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

  /** Listens, unless a port is open already, then waits until the server is shut down. */
  async serveForever(): Promise<void> {
    if (!this.#features.areServing) await this.listen()
    if (this.#isClosed) return
    await new Promise<void>((resolve) => this.#waitingForEnd.push(resolve))
  }

  /**
   * Rejects new calls as not started, lets running ones finish, then closes everything. The signals of handlers that still run
   * after `graceMs` (default 10 000) abort. Settles when everything is released.
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
    // Deferred, so that isShuttingDown is already true when this continues.
    await undefined
    const { graceMs = defaultGraceMs, keepsAddresses } = options
    await this.#ports.close(keepsAddresses)
    this.#access.admission.close(shuttingDown())
    await this.#features.drain(graceMs, () => drain(this.#store, this.#options.clock, graceMs))
    this.#access.revalidation.close()
    this.#store.close()
    this.#isClosed = true
    for (const resolve of this.#waitingForEnd.splice(0)) resolve()
    this.#options.log.info({}, 'shut down')
  }

  /** Adds a feature that every server of a subclass has. @internal */
  protected join<F extends ServerFeature>(make: (kit: ServerKit) => F): F {
    const feature = make(this.#kit)
    this.#features.add(feature)
    return feature
  }
}

throwWithoutData(ActionServer.prototype, 'server.db')
