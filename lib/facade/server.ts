// The Server for users: actions, and what is built on them. Each feature is a room of its own; they are only combined here.

import type { ActionClass } from '../core/action/action.ts'
import type { Call } from '../core/action/call.ts'
import type { CallOf, PublishOptions, ServerFields, TopicClass } from '../core/action/context.ts'
import type { NamedArguments, RunArguments } from '../core/action/inference.ts'
import type { ServerCall } from '../core/action/intercepted-run.ts'
import type { Interceptor } from '../core/action/interceptors.ts'
import { missingFeature } from '../core/action/missing-feature.ts'
import { type Outbox, publishWith } from '../core/action/outbox.ts'
import { brand } from '../core/base/brand.ts'
import { invalidOption } from '../core/base/options.ts'
import type { Link } from '../core/link/link.ts'
import type { MessagePortLike } from '../core/link/port-link.ts'
import { ActionServer } from '../core/server/action-server.ts'
import type { ServerFeature, ServerKit } from '../core/server/feature.ts'
import { gather, type ServerArguments, type ServerOptions } from '../core/server/server-options.ts'
import type { AnyChannel, ChannelClass, InfoOf, MessageOf } from '../features/channels/channel.ts'
import type { ChannelHandle } from '../features/channels/channel-handle.ts'
import type { ChannelOptions } from '../features/channels/channel-options.ts'
import { Channels } from '../features/channels/channels.ts'
import type { ServiceInstanceOptions } from '../features/services/key.ts'
import type { AnyService, ServiceClass } from '../features/services/service.ts'
import type { ServiceHandle } from '../features/services/service-handle.ts'
import type { ServiceOptions } from '../features/services/service-host.ts'
import { Services } from '../features/services/services.ts'
import type { AnyProcess, ProcessClass, ProcessHandle } from '../features/tasks/process.ts'
import { Processes } from '../features/tasks/processes.ts'
import type { Task, TaskView } from '../features/tasks/task.ts'
import { Tasks } from '../features/tasks/tasks.ts'
import { AcceptedLinks, type AcceptOptions } from './accepted-links.ts'
import { LocalCalls, type LocalRunOptions } from './local-calls.ts'

/**
 * Runs actions for clients, publishes to channels, runs tasks and services.
 *
 * @example
 * const server = new Server('localhost', 4440)
 * server.addAction(new Echo())
 * await server.listen()
 * // ...
 * await server.shutdown()
 */
export interface Server extends ServerFields {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see above
export class Server extends ActionServer {
  readonly #channels = this.join((kit) => new Channels(kit))
  readonly #processes = this.join((kit) => new Processes(kit))
  readonly #services = this.join((kit) => new Services(kit, () => this.onShutdownRequest()))
  readonly #tasks: Tasks
  #local: LocalCalls | undefined
  #accepted: AcceptedLinks | undefined

  /**
   * `new Server(host, port, options?)`, `new Server(address, options?)` or `new Server(options)`.
   *
   * @throws ClientError (`INVALID_OPTION`) that names the wrong option.
   */
  constructor(host: string, port: number, options?: ServerOptions)
  constructor(address: string, options?: ServerOptions)
  constructor(options?: ServerOptions)
  constructor(...given: unknown[]) {
    const args = given as unknown as ServerArguments
    super(...args)
    this.#tasks = this.join((kit) => new Tasks(kit))
    this.join((kit) => this.#refuseThreaded(kit))
    this.join((kit) => {
      this.#local = new LocalCalls(kit)
      this.#accepted = new AcceptedLinks(kit)
      return {}
    })
    const { features = [] } = gather(args)
    if (!Array.isArray(features)) throw invalidOption('features', 'a list', features)
    for (const feature of features) this.addFeature(feature)
  }

  /**
   * Runs a function around each call that comes from now on, and around uses of services, publishes and subscriptions: it gets the
   * call with its context, and returns what `next()` gave, which settles when the call has ended. The first one added is the outermost.
   * What it throws is the call's error: an isock error that says `notStarted`, thrown before `next()`, refuses the call, so that clients
   * may retry it. Returns what removes it. Throws ClientError (`INVALID_OPTION`).
   *
   * @example
   * server.use(async ({ name, context }, next) => {
   *   const startedAtMs = performance.now()
   *   try {
   *     return await next()
   *   } finally {
   *     context.log.info({ name, ms: performance.now() - startedAtMs }, 'ran')
   *   }
   * })
   */
  use(interceptor: Interceptor<ServerCall>): () => void {
    return this.interceptors.add(interceptor)
  }

  /**
   * Runs an action of this server for its own program: with its schemas, interceptors, `static requires` and transaction, as if a
   * client with this identity, or with none, had called. Data and result are copies. For tasks, tests and pages that are rendered on the
   * server; it need not listen. Rejects as a client's call does.
   *
   * @example
   * const page = await server.runAction(ReadPage, path, { identity: { id: 'ada', roles: ['editor'] } })
   */
  runAction<Output = unknown, Item = unknown, Name = string>(
    name: Name,
    ...args: NamedArguments<Name, LocalRunOptions>
  ): Call<Output, Item>
  runAction<C extends ActionClass>(action: C, ...args: RunArguments<C, LocalRunOptions>): CallOf<C>
  runAction(action: unknown, data?: unknown, options?: LocalRunOptions): Call<never, never, never> {
    return (this.#local as LocalCalls).run(action, data, options)
  }

  /**
   * Accepts the client at the other end of a message port (of a worker thread, or of an Electron window), or of a link of your own. The
   * server need not listen. It owns the port from then on, and closes it when the session's link ends or it shuts down. Settles when the
   * port is served; the client's handshake follows.
   *
   * @throws ClientError (`INVALID_OPTION`); ServerError (`SHUTTING_DOWN`); what a feature's start throws.
   * @example
   * const { port1, port2 } = new MessageChannel()
   * await server.accept(port1)
   * new Worker(new URL('worker.js', import.meta.url), { workerData: port2, transferList: [port2] })
   */
  accept(port: MessagePortLike | Link, options?: AcceptOptions): Promise<void> {
    return (this.#accepted as AcceptedLinks).accept(port, options)
  }

  /**
   * Adds a service: its class, which is then constructed without arguments, or an instance. Clients can use only services
   * that were added.
   *
   * @throws ServerError: `DUPLICATE_SERVICE`, `INVALID_SERVICE`; ClientError: `INVALID_OPTION`.
   * @example server.addService(Counter, { maxQueued: 100 })
   */
  addService(service: AnyService | (new () => AnyService), options?: ServiceOptions): this {
    this.#services.add(service, options)
    return this
  }

  /**
   * A service of this server, by class reference, for use by the server's own program: the same methods, phases and turns. `key`: one of
   * the states of a durable service.
   *
   * @throws ServerError: `UNKNOWN_SERVICE` for one that was not added; `INVALID_SERVICE`. ClientError (`INVALID_OPTION`).
   * @example
   * server.addService(Counter)
   * await server.service(Counter).initialize(1000)
   */
  service<S extends AnyService>(service: ServiceClass<S>, options?: ServiceInstanceOptions): ServiceHandle<S> {
    return this.#services.handle(service, options)
  }

  /** The services, in the order of registration. */
  get services(): readonly ServiceHandle<AnyService>[] {
    return this.#services.handles
  }

  /**
   * Adds work that the server starts itself: a StartupTask, IntervalTask, CronTask or ShutdownTask. Its default name is its
   * class's `static taskName`, else the class's name.
   *
   * @throws ServerError: `DUPLICATE_TASK`, `SHUTTING_DOWN`, `INVALID_USAGE` for a StartupTask after `listen`;
   *   ClientError: `INVALID_OPTION`.
   * @example server.addTask(new Cleanup()).addTask('nightly', new Report())
   */
  addTask(task: Task): this
  addTask(name: string, task: Task): this
  addTask(...args: [task: Task] | [name: string, task: Task]): this {
    if (args.length === 1) this.#tasks.add(args[0])
    else this.#tasks.add(args[1], args[0])
    return this
  }

  /** Removes a task by instance or name; the signal of a current run aborts. False: there was none. */
  removeTask(task: Task | string): boolean {
    return this.#tasks.remove(task)
  }

  /** The tasks with their current state, in the order of registration. */
  get tasks(): readonly TaskView[] {
    return this.#tasks.views
  }

  /**
   * Adds a process: it starts with the server, and clients can listen to it. Its default name is its class's
   * `static processName`, else the class's name.
   *
   * @throws ServerError: `DUPLICATE_PROCESS`, `SHUTTING_DOWN`; ClientError: `INVALID_OPTION`.
   * @example server.addProcess('counter', new Counter())
   */
  addProcess(process: AnyProcess): this
  addProcess(name: string, process: AnyProcess): this
  addProcess(...args: [process: AnyProcess] | [name: string, process: AnyProcess]): this {
    if (args.length === 1) this.#processes.add(args[0])
    else this.#processes.add(args[1], args[0])
    return this
  }

  /**
   * Removes a process by instance, class or name. Its listeners get an error with `UNKNOWN_PROCESS`, and the signal of a
   * current run aborts. False: there was none.
   */
  removeProcess(process: AnyProcess | ProcessClass | string): boolean {
    return this.#processes.remove(process)
  }

  /**
   * A process, to start, stop and inspect it.
   *
   * @throws ServerError: `UNKNOWN_PROCESS`.
   * @example await server.process('counter').stop()
   */
  process(process: string | ProcessClass): ProcessHandle {
    return this.#processes.get(process)
  }

  /** The processes, in the order of registration. */
  get processes(): readonly ProcessHandle[] {
    return this.#processes.all
  }

  /**
   * Adds a channel that clients can subscribe to. May be called while clients are connected.
   *
   * @throws ServerError: `DUPLICATE_CHANNEL`, `INVALID_CHANNEL`; ClientError: `INVALID_OPTION`.
   * @example server.addChannel(new News(), { maxQueued: 100 })
   */
  addChannel(channel: AnyChannel, options?: ChannelOptions): this {
    this.#channels.add(channel, options)
    return this
  }

  /** Removes a channel by class or name; subscriptions end with `UNKNOWN_CHANNEL`. False: there was none. */
  removeChannel(channel: ChannelClass | string): boolean {
    return this.#channels.remove(channel)
  }

  /**
   * The server's own end of a channel: publishes, and lists the present members and the kept messages.
   *
   * @throws ServerError (`UNKNOWN_CHANNEL`, `INVALID_CHANNEL`).
   */
  channel<C extends ChannelClass>(channel: C): ChannelHandle<MessageOf<C>, InfoOf<C>> {
    return this.#channels.handle(channel)
  }

  /** Sends a message to the subscribers of a channel, as `channel(topic).publish` does. */
  override publish<Message>(topic: TopicClass<Message>, message: Message, options?: PublishOptions): Promise<void> {
    return this.#channels.publish(topic, message, options)
  }

  /** @internal */
  [publishWith](outbox: Outbox, topic: TopicClass<unknown>, message: unknown, options?: PublishOptions): Promise<void> {
    return this.#channels.publish(topic, message, options, outbox)
  }

  #refuseThreaded(kit: ServerKit): ServerFeature {
    kit.adaptActions((action) => {
      const Class = (action.instance?.constructor ?? action.actionClass) as ActionClass | undefined
      const isThreaded = (Class?.threaded ?? action.actionClass?.threaded ?? false) !== false
      if (isThreaded && this.findFeature('threads') === undefined)
        throw missingFeature(`action "${action.name}" with static threaded`, 'threads')
      return action
    })
    return {}
  }

  /** Called when a service's client requested the end of this server, and is allowed to. @internal */
  protected onShutdownRequest(): void {
    void this.shutdown()
  }
}

brand('isock.ActionServer', ActionServer)
brand('isock.Server', Server)
