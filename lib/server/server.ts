// Server: registers actions, listens, takes clients in, drains when it is shut down.
import { type ActionClass, type AnyAction, actionNameOf } from '../action/action.ts'
import { ActionRunner } from '../action/action-runner.ts'
import type { ServerView, SessionView } from '../action/context.ts'
import type { Implementation } from '../action/implementation.ts'
import { ActionRegistry, type ActionTree, type RegisteredAction } from '../action/registry.ts'
import { LinkError, ServerError } from '../base/errors.ts'
import { formatAddress } from '../link/address.ts'
import type { Link } from '../link/link.ts'
import { type Listener, listenAll } from '../link/listener.ts'
import { ClassRegistry } from '../wire/class-registry.ts'
import { encodeThrown } from '../wire/error-record.ts'
import { JsonValueCodec } from '../wire/value-codec.ts'
import { Admission } from './admission.ts'
import { ListActions, Ping } from './built-in-actions.ts'
import { checkDrainOptions, type DrainOptions, drain } from './drain.ts'
import { receive } from './reception.ts'
import { RunQueue } from './run-queue.ts'
import { type ResolvedServerOptions, resolveServerOptions, type ServerArguments } from './server-options.ts'
import type { ServerSession, SessionSurroundings } from './server-session.ts'
import { SessionStore } from './session-store.ts'
import { guardsWithToken } from './token-guard.ts'
import { TrustList } from './trust.ts'

/**
 * Runs actions for clients.
 *
 * @example
 * const server = new Server('localhost', 4440)
 * server.addAction(new Echo())
 * await server.listen()
 * // ...
 * await server.shutdown()
 */
export class Server implements ServerView {
  readonly #options: ResolvedServerOptions
  readonly #classes = new ClassRegistry()
  readonly #registry = new ActionRegistry(this.#classes)
  readonly #store: SessionStore
  readonly #admission: Admission
  readonly #surroundings: SessionSurroundings
  #listeners: Listener[] = []
  #isListening = false
  #isClosed = false
  #shutdown: Promise<void> | undefined
  #waitingForEnd: (() => void)[] = []

  /**
   * `new Server(host, port, options?)`, `new Server(address, options?)` or `new Server(options)`.
   *
   * @throws ClientError (`INVALID_OPTION`) that names the option that is wrong.
   */
  constructor(...args: ServerArguments) {
    const options = resolveServerOptions(args)
    const { given, clock, limits, log } = options
    this.#options = options
    for (const Class of given.classes ?? []) this.#classes.declareClass(Class)
    const codec = new JsonValueCodec(this.#classes)
    const refusal = (): ServerError | undefined => (this.isShuttingDown ? shuttingDown() : undefined)
    for (const action of [new ListActions(() => this.actions), new Ping()]) this.#registry.addBuiltIn(action)
    this.#store = new SessionStore(clock, limits)
    const runs = new RunQueue(clock, limits.maxRunningCalls)
    this.#surroundings = {
      clock,
      limits,
      codec,
      classes: this.#classes,
      runner: new ActionRunner({
        registry: this.#registry,
        codec,
        exposeStacks: given.exposeStacks ?? false,
        inheritContext: given.inheritContext ?? false,
        onThrown: (error, action, session) => this.#onThrown(error, action, session),
      }),
      runs,
      server: this,
      log,
      retry: options.retry,
      refusal: () => refusal() ?? runs.refusal(),
      onLinkLost: (session) => this.#store.detach(session),
      onLeft: (session) => void this.#store.end(session, new LinkError('the client left')),
    }
    this.#admission = new Admission({
      clock,
      limits,
      log,
      guards: guardsWithToken(given.guards, options.token, given.allowClearTextToken),
      gate: options.gate,
      trust: new TrustList(given.trust),
      identify:
        given.tls?.identify ?? ((certificate) => ({ id: `certificate:${certificate.fingerprint}`, certificate })),
      encodeError: (error) => encodeThrown(codec, error),
      refusal,
      accept: (link, hello, identity) => receive(link, hello, identity, this.#store, this.#surroundings),
    })
  }

  /** What it listens at, with the ports that it really got; empty before `listen`. */
  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => formatAddress(listener.address))
  }

  get actionNames(): readonly string[] {
    return this.#registry.names
  }

  /** The registered actions with their schemas, for those who list them. */
  get actions(): readonly RegisteredAction[] {
    return this.#registry.names.flatMap((name) => this.#registry.find(name) ?? [])
  }

  get isShuttingDown(): boolean {
    return this.#shutdown !== undefined
  }

  /** The clients' sessions, connected or not. */
  get sessions(): readonly ServerSession[] {
    return this.#store.all()
  }

  /**
   * Registers an action: an instance, or a contract class with what implements it. Also while serving.
   *
   * @throws ServerError: `DUPLICATE_ACTION`, `INVALID_ACTION`.
   * @example
   * server.addAction(new Echo())
   * server.addAction(Exec, async (argv, context) => run(argv, context.signal))
   */
  addAction(action: AnyAction): this
  addAction<C extends ActionClass>(contract: C, implementation: Implementation<C>): this
  addAction(action: unknown, implementation?: unknown): this {
    this.#registry.add(action, implementation)
    return this
  }

  /**
   * Registers all leaves of an object, their paths joined to dotted wire names. All or none.
   *
   * @example server.addActions({ events: { create: new CreateEvent(), remove: (id) => remove(id) } })
   */
  addActions(tree: ActionTree, options: { readonly separator?: string } = {}): this {
    this.#registry.addTree(tree, options.separator ?? '.')
    return this
  }

  /** Removes by class, instance or wire name; running calls finish. False: there was none. */
  removeAction(action: ActionClass | AnyAction | string): boolean {
    return this.#registry.remove(action)
  }

  /** True when clients can run it. */
  hasAction(action: ActionClass | string): boolean {
    return this.#registry.find(typeof action === 'string' ? action : actionNameOf(action)) !== undefined
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
    this.#isListening = true
    const { addresses, given, limits, log } = this.#options
    const { tls, network, allowSharedDirectory } = given
    const { handshakeTimeoutMs, maxUnauthenticatedLinks: maxHandshakes } = limits
    const onLink = (link: Link): void => this.#admission.onLink(link)
    try {
      this.#listeners = await listenAll(addresses, {
        tls,
        network,
        allowSharedDirectory,
        handshakeTimeoutMs,
        maxHandshakes,
        onLink,
      })
    } catch (error) {
      this.#isListening = false
      throw error
    }
    if (this.isShuttingDown) {
      await this.#stopListening()
      throw shuttingDown()
    }
    log.info({ addresses: this.addresses }, 'listening')
    return this
  }

  /** Listens, then waits until the server is shut down. */
  async serveForever(): Promise<void> {
    if (!this.#isListening) await this.listen()
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
    await this.#stopListening()
    this.#admission.close(shuttingDown())
    await drain(this.#store, this.#options.clock, options)
    this.#store.close()
    this.#isClosed = true
    for (const resolve of this.#waitingForEnd) resolve()
    this.#waitingForEnd = []
    this.#options.log.info({}, 'shut down')
  }

  async #stopListening(): Promise<void> {
    const listeners = this.#listeners
    this.#listeners = []
    await Promise.all(listeners.map((listener) => listener.close()))
  }

  #onThrown(error: unknown, action: string, session: SessionView): void {
    const { log, given } = this.#options
    log.debug({ action, session: session.id, error }, 'an action threw')
    try {
      given.onError?.(error, { action, session })
    } catch (hookError) {
      log.error({ error: hookError }, 'onError failed')
    }
  }
}

function shuttingDown(): ServerError {
  return new ServerError('the server is shutting down', { code: 'SHUTTING_DOWN', notStarted: true })
}
