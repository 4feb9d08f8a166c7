// Servers and clients in virtual time over a network that can be cut, closed together; and an action whose runs a
// spec holds in its hands.
import { expect } from 'chai'
import {
  Action,
  type AnyAction,
  Client,
  type ClientOptions,
  type Context,
  Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualNetwork } from './virtual-network.ts'

export class World {
  readonly clock = new VirtualClock()
  readonly network = new VirtualNetwork()
  readonly #clients: Client[] = []
  readonly #servers: Server[] = []

  /** A server that listens at memory:<name>, in the place of one that was there. */
  async serve(actions: readonly AnyAction[], options: ServerOptions = {}, name = 'server'): Promise<Server> {
    const { clock, network } = this
    const server = new Server({ address: `memory:${name}`, network, clock, ...options })
    for (const action of actions) server.addAction(action)
    this.#servers.push(server)
    return server.listen()
  }

  /** A client of memory:server, or of the named ones; it waits half of what it might between attempts. */
  client(options: ClientOptions = {}, ...names: string[]): Client {
    const { clock, network } = this
    const addresses = (names.length === 0 ? ['server'] : names).map((name) => `memory:${name}`)
    const client = new Client(addresses, { network, clock, random: () => 0.5, ...options })
    this.#clients.push(client)
    return client
  }

  /** Closes everything, and looks whether a timer is left. */
  async close(): Promise<void> {
    await this.clock.until(Promise.all(this.#clients.map((client) => client.close())))
    await this.clock.until(Promise.all(this.#servers.map((server) => server.shutdown({ graceMs: 0 }))))
    expect(this.clock.pendingCount, 'timers that are left').to.equal(0)
  }
}

/** One run of Work. */
export interface Run {
  readonly data: unknown
  readonly context: Context
  finish(value?: unknown): void
  fail(error: unknown): void
}

/** Runs until the spec finishes it. */
export class Work extends Action {
  readonly runs: Run[] = []

  action(data: unknown, context: Context): Promise<unknown> {
    return new Promise((finish, fail) => this.runs.push({ data, context, finish, fail }))
  }

  /** The only run so far. */
  get run(): Run {
    expect(this.runs, 'runs').to.have.length(1)
    return this.runs[0] as Run
  }
}

/** Like Work, but may be run again. */
export class IdempotentWork extends Work {
  static override idempotent = true
}

/** What a promise rejects with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  return promise.then(
    (value) => Promise.reject(new Error(`it did not fail but gave ${String(value)}`)),
    (error) => error,
  )
}

/** All items of a stream, as an array. */
export async function itemsOf<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}
