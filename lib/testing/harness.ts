// A server and a connected client for a test, closed together. Independent of test frameworks.
import type { AnyAction } from '../core/action/action.ts'
import type { ActionClass } from '../core/action/action-class.ts'
import type { Implementation } from '../core/action/implementation.ts'
import type { InputOf, OutputOf } from '../core/action/inference.ts'
import type { ActionTree } from '../core/action/registry.ts'
import { invalidUsage } from '../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { Client, type ClientOptions, type Clock, Server, type ServerOptions } from '../index.ts'
import { type RecordedCall, RecordedCalls } from './recorded-calls.ts'
import { Stubs } from './stubs.ts'
import { VirtualClock } from './virtual-clock.ts'
import { type Cut, VirtualNetwork } from './virtual-network.ts'

type Actions = readonly AnyAction[] | ActionTree

export interface HarnessOptions {
  /** Instances, or a tree of them; or a function that makes them, called again by `restart`: what they hold in memory is then lost. */
  readonly actions?: Actions | (() => Actions) | undefined
  /** 'memory' (the default) needs no port; 'tcp' goes over loopback. */
  readonly link?: 'memory' | 'tcp' | undefined
  readonly server?: ServerOptions | undefined
  readonly client?: ClientOptions | undefined
  /**
   * The clock of the server, the clients and the network. Default: the platform's, even while a test fakes the global timers. Pass a
   * `VirtualClock`, `globalClock` to move it with a runner's fake timers, or a clock of your own.
   */
  readonly clock?: Clock | undefined
  /** Records what the server is asked to do, for `calls` and `callsOf`. Default false: the calls go the way that they go without it. */
  readonly record?: boolean | undefined
  /** Milliseconds that messages are on their way, and a seed for what happens to them, see `VirtualNetwork`. Only of links in memory. */
  readonly latencyMs?: number | readonly [leastMs: number, mostMs: number] | undefined
  readonly seed?: number | undefined
}

const harnessOptions: OptionTable<HarnessOptions> = {
  actions: 'any',
  link: 'any',
  server: 'any',
  client: 'any',
  clock: 'any',
  record: 'any',
  latencyMs: 'any',
  seed: 'any',
}

/** A server and a client that is connected to it. */
export interface Harness extends AsyncDisposable {
  /** After `restart`, the new one. */
  readonly server: Server
  readonly client: Client
  /** The address of the server; for more clients use `connect`. */
  readonly address: string
  /** Cut, delay and stall the connections here. It has none where the link is 'tcp'. */
  readonly network: VirtualNetwork
  /**
   * The runs at the server so far, also of stubs, oldest first: at most the last 10 000. Throws ClientError (`INVALID_OPTION`) without the
   * option `record`, as `callsOf` does.
   */
  readonly calls: readonly RecordedCall[]
  /** Those of one action, with its types. */
  callsOf<C extends ActionClass>(action: C): RecordedCall<InputOf<C>, OutputOf<C>>[]
  callsOf(action: string): RecordedCall[]
  /**
   * Runs a function in the place of an action's handler from now on, also where the server does not have the action; its schemas,
   * `errors` and `requires` hold. Returns a function that restores the action.
   *
   * @example
   * harness.stub(Charge, ({ amount }) => ({ receipt: `test-${amount}` }))
   */
  stub<C extends ActionClass>(action: C, handler: Implementation<C>): () => void
  stub(action: string, handler: (data: never, context: never) => unknown): () => void
  /** Connects another client, which is closed with the harness. */
  connect(options?: ClientOptions): Promise<Client>
  /**
   * The server is gone as if its process had been killed: connections break, sessions are lost, no answer leaves. The signals of running
   * handlers abort. Throws ClientError (`INVALID_OPTION`) over 'tcp'.
   */
  crash(how?: Extract<Cut, 'reset' | 'silent'>): void
  /** Starts a server with the same actions, options and stubs at the same address; crashes a running one first. */
  restart(): Promise<void>
  /** Closes the clients and shuts the server down. */
  close(): Promise<void>
}

/**
 * Creates a server with these actions and a connected client.
 *
 * @throws ClientError (`INVALID_OPTION`), and what keeps the client from connecting.
 * @example
 * await using harness = await createHarness({ actions: [new Echo()] })
 * expect(await harness.client.runAction(Echo, 'hi')).to.equal('hi')
 */
export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  checkOptions('createHarness', options, harnessOptions)
  const bed = new TestBed(options)
  try {
    await bed.start()
    return bed
  } catch (error) {
    await bed.close()
    throw error
  }
}

const name = 'harness'

class TestBed implements Harness {
  readonly network: VirtualNetwork
  readonly #options: HarnessOptions
  readonly #recorded: RecordedCalls | undefined
  readonly #stubs = new Stubs()
  readonly #clients: Client[] = []
  #server: Server | undefined
  #isUp = false
  #address = ''
  /** Crashed servers that are not released yet. */
  readonly #former = new Set<Promise<void>>()

  constructor(options: HarnessOptions) {
    const { clock, latencyMs, seed } = options
    this.#options = options
    this.#recorded = options.record === true ? new RecordedCalls() : undefined
    this.network = new VirtualNetwork({
      ...(clock === undefined ? {} : { clock }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...(seed === undefined ? {} : { seed }),
    })
  }

  async start(): Promise<void> {
    await this.#serve()
    await this.#pass(this.connect())
  }

  get server(): Server {
    return this.#server as Server
  }

  get client(): Client {
    return this.#clients[0] as Client
  }

  get address(): string {
    return this.#address
  }

  get calls(): readonly RecordedCall[] {
    return this.#calls.list
  }

  callsOf(action: ActionClass | string): RecordedCall<never, never>[] {
    return this.#calls.of(action) as RecordedCall<never, never>[]
  }

  stub(action: ActionClass | string, handler: unknown): () => void {
    return this.#stubs.add(action, handler)
  }

  async connect(more: ClientOptions = {}): Promise<Client> {
    const client = new Client(this.#address, { network: this.network, ...this.#time, ...this.#options.client, ...more })
    this.#clients.push(client)
    await client.connect()
    return client
  }

  crash(how: Extract<Cut, 'reset' | 'silent'> = 'reset'): void {
    if (this.#options.link === 'tcp') throw invalidUsage("crash() needs a harness with link: 'memory'")
    if (!this.#isUp) return
    this.#isUp = false
    this.network.setReachable(name, false)
    this.network.cut(how, name)
    const ended = this.server.shutdown({ graceMs: 0 })
    this.#former.add(ended)
    void ended.finally(() => this.#former.delete(ended))
  }

  async restart(): Promise<void> {
    this.crash()
    // The former one leaves its name in its next step.
    await undefined
    this.network.setReachable(name, true)
    await this.#serve()
  }

  async close(): Promise<void> {
    await this.#pass(Promise.all(this.#clients.map((client) => client.close())))
    await this.#pass(Promise.all([this.#server?.shutdown({ graceMs: 0 }), ...this.#former]))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #serve(): Promise<void> {
    const { actions = [], link, server: options } = this.#options
    const address = link === 'tcp' ? 'tcp://127.0.0.1:0' : `memory:${name}`
    const server = new Server({ address, network: this.network, ...this.#time, ...options })
    this.#recorded?.record(server)
    const made = typeof actions === 'function' ? (actions as () => Actions)() : actions
    if (Array.isArray(made)) for (const action of made) server.addAction(action)
    else server.addActions(made as ActionTree)
    this.#server = server
    this.#stubs.moveTo(server)
    await server.listen()
    this.#isUp = true
    this.#address = server.addresses[0] as string
  }

  get #calls(): RecordedCalls {
    if (this.#recorded === undefined)
      throw invalidUsage('this harness records no calls: create it with the option record: true')
    return this.#recorded
  }

  get #time(): { clock?: Clock } {
    const { clock } = this.#options
    return clock === undefined ? {} : { clock }
  }

  /** Where time is virtual, nobody else moves it meanwhile. */
  #pass<T>(promise: Promise<T>): Promise<T> {
    const { clock } = this.#options
    return clock instanceof VirtualClock ? clock.until(promise) : promise
  }
}
