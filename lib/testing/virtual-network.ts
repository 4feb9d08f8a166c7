// A network in memory that a test cuts, delays and stalls, on the clock that it is given.
import type { Clock } from '../core/base/clock.ts'
import { platformClock } from '../core/base/clock.ts'
import { LinkError } from '../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { invalidOption } from '../core/base/options.ts'
import { type Link, MemoryNetwork } from '../index.ts'
import { SeededRandom } from './seeded-random.ts'
import { type Conditions, VirtualLink } from './virtual-link.ts'

/**
 * How a connection breaks. 'reset': both ends learn it; 'finish': both ends learn it, after what was on its way; 'half': the client learns
 * it, the server a minute later at most; 'silent': nobody learns it but by the heartbeat. But for 'finish', what is on its way is lost.
 */
export type Cut = 'reset' | 'finish' | 'half' | 'silent'

export interface VirtualNetworkOptions {
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Milliseconds that each message is on its way: a number, or the least and the most. Default 0. */
  readonly latencyMs?: number | readonly [leastMs: number, mostMs: number]
  /** Given: messages also arrive in pieces, and writers sometimes have to wait, by this seed. Default: neither. */
  readonly seed?: number
}

const options: OptionTable<VirtualNetworkOptions> = { clock: 'any', latencyMs: 'any', seed: 'any' }

/**
 * A `MemoryNetwork` whose connections a test can break. `createHarness` has one as `harness.network`.
 *
 * @example
 * harness.network.cut('silent')
 * harness.network.stall(2_000)
 */
export class VirtualNetwork extends MemoryNetwork {
  readonly #conditions: Conditions
  readonly #acceptors = new Map<string, (link: Link) => void>()
  readonly #unreachable = new Set<string>()
  readonly #connections = new Set<VirtualConnection>()

  /** @throws ClientError (`INVALID_OPTION`). */
  constructor(given: VirtualNetworkOptions = {}) {
    super()
    checkOptions('VirtualNetwork', given, options)
    const { clock = platformClock, latencyMs = 0, seed } = given
    const [least, most] = typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs
    if (!(least >= 0 && most >= least && Number.isFinite(most)))
      throw invalidOption('latencyMs', 'milliseconds, or the least and the most', latencyMs)
    const random = new SeededRandom(seed ?? 1)
    this.#conditions = {
      clock,
      random,
      isRough: seed !== undefined,
      latencyMs: () => (least === most ? least : random.between(least, most)),
    }
  }

  /** The connections that are open at one end at least, oldest first. */
  get connections(): readonly VirtualConnection[] {
    return [...this.#connections]
  }

  override listen(name: string, onLink: (link: Link) => void): () => void {
    const close = super.listen(name, onLink)
    this.#acceptors.set(name, onLink)
    return () => {
      close()
      if (this.#acceptors.get(name) === onLink) this.#acceptors.delete(name)
    }
  }

  /** Throws LinkError where no server listens, or the name is unreachable. */
  override dial(name: string): Link {
    const onLink = this.#acceptors.get(name)
    if (onLink === undefined || this.#unreachable.has(name))
      throw new LinkError(`cannot connect to memory:${name}: no server listens there`)
    const connection = new VirtualConnection(name, this.#conditions, () => this.#connections.delete(connection))
    this.#connections.add(connection)
    onLink(connection.server)
    return connection.client
  }

  /** Breaks all connections, or those to a server of this name. */
  cut(how: Cut = 'reset', name?: string): void {
    for (const connection of this.#to(name)) connection.cut(how)
  }

  /** Holds what is on its way, both ways, and what is sent in this time. */
  stall(forMs: number, name?: string): void {
    for (const connection of this.#to(name)) connection.stall(forMs)
  }

  /** Whether clients can connect to this name. Open connections stay. */
  setReachable(name: string, isReachable: boolean): void {
    if (isReachable) this.#unreachable.delete(name)
    else this.#unreachable.add(name)
  }

  *#to(name: string | undefined): Generator<VirtualConnection> {
    for (const connection of this.connections) if (name === undefined || connection.name === name) yield connection
  }
}

/** One connection of a client to a server. */
export class VirtualConnection {
  /** That the client dialed. */
  readonly name: string
  readonly client: VirtualLink
  readonly server: VirtualLink
  readonly #conditions: Conditions

  constructor(name: string, conditions: Conditions, onGone: () => void) {
    this.name = name
    this.#conditions = conditions
    const onOver = (): void => {
      if (this.client.isOver && this.server.isOver) onGone()
    }
    this.client = new VirtualLink(`memory:${name}`, conditions, onOver)
    this.server = new VirtualLink(`a client of memory:${name}`, conditions, onOver)
    this.client.other = this.server
    this.server.other = this.client
  }

  cut(how: Cut = 'reset'): void {
    const { client, server } = this
    if (how === 'finish') {
      client.finish()
      server.finish()
      return
    }
    client.lose()
    server.lose()
    if (how === 'silent') return
    client.endAfter(0)
    server.endAfter(how === 'half' ? this.#conditions.random.between(5_000, 60_000) : 0)
  }

  /** Holds what is on its way, both ways, and what is sent in this time. */
  stall(forMs: number): void {
    this.client.stall(forMs)
    this.server.stall(forMs)
  }
}
