// A server and a connected client for a test, closed together. Independent of test frameworks.
import type { AnyAction } from '../core/action/action.ts'
import type { ActionTree } from '../core/action/registry.ts'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { Client, type ClientOptions, type Clock, MemoryNetwork, Server, type ServerOptions } from '../index.ts'

export interface HarnessOptions {
  readonly actions?: readonly AnyAction[] | ActionTree | undefined
  /** 'memory' (the default) needs no port; 'tcp' goes over loopback. */
  readonly link?: 'memory' | 'tcp' | undefined
  readonly server?: ServerOptions | undefined
  readonly client?: ClientOptions | undefined
  /**
   * The clock of the server and the clients. Default: the platform's, even while a test fakes the global timers. Pass
   * {@link globalClock} to move it with `vi.advanceTimersByTimeAsync` or `clock.tickAsync`, or a clock of your own.
   */
  readonly clock?: Clock | undefined
}

/**
 * A clock that uses the global timers as they are at each call, so that a test with fake timers drives deadlines, backoff
 * and intervals of tasks.
 *
 * @example
 * vi.useFakeTimers()
 * const { client } = await createHarness({ actions: [new Slow()], clock: globalClock })
 * const late = expect(client.runAction(Slow, 1, { timeoutMs: 30_000 })).rejects.toThrow(/30000 ms/)
 * await vi.advanceTimersByTimeAsync(30_000)
 * await late
 */
export const globalClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer: (run, delayMs) => {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), longestDelayMs)).unref()
    return {
      cancel: () => clearTimeout(timer),
      keepProcessAlive: (keep) => void (keep ? timer.ref() : timer.unref()),
    }
  },
}

/** A longer timeout would fire immediately. */
const longestDelayMs = 2 ** 31 - 1

const harnessOptions: OptionTable<HarnessOptions> = {
  actions: 'any',
  link: 'any',
  server: 'any',
  client: 'any',
  clock: 'any',
}

/** A server and a client that is connected to it. */
export interface Harness extends AsyncDisposable {
  readonly server: Server
  readonly client: Client
  /** The address of the server; for more clients use `connect`. */
  readonly address: string
  /** Connects another client, which is closed with the harness. */
  connect(options?: ClientOptions): Promise<Client>
  /** Closes the clients and shuts the server down. */
  close(): Promise<void>
}

/**
 * Creates a server with these actions and a connected client.
 *
 * @example
 * await using harness = await createHarness({ actions: [new Echo()] })
 * expect(await harness.client.runAction(Echo, 'hi')).to.equal('hi')
 */
export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  checkOptions('createHarness', options, harnessOptions)
  const network = new MemoryNetwork()
  const address = options.link === 'tcp' ? 'tcp://127.0.0.1:0' : 'memory:harness'
  const time = options.clock === undefined ? {} : { clock: options.clock }
  const server = new Server({ address, network, ...time, ...options.server })
  const { actions = [] } = options
  if (Array.isArray(actions)) for (const action of actions) server.addAction(action)
  else server.addActions(actions as ActionTree)
  await server.listen()
  const bound = server.addresses[0] as string
  const clients: Client[] = []
  const connect = async (more: ClientOptions = {}): Promise<Client> => {
    const client = new Client(bound, { network, ...time, ...options.client, ...more })
    clients.push(client)
    await client.connect()
    return client
  }
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close()))
    await server.shutdown({ graceMs: 0 })
  }
  try {
    const client = await connect()
    return { server, client, address: bound, connect, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
