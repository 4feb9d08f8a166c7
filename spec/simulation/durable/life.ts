// One life of a server process over the store: from its start to its end, which it may not notice. A new life at the same address may
// begin before that.

import { LinkError } from '../../../lib/core/base/errors.ts'
import type { Link } from '../../../lib/core/link/link.ts'
import { MemoryNetwork } from '../../../lib/core/link/memory-network.ts'
import { type Limits, Server } from '../../../lib/index.ts'
import type { Random } from '../random.ts'
import type { SimClock } from '../sim-clock.ts'
import { type Cut, SimNetwork } from '../sim-network.ts'
import { Again, Ask, Collect, Confirm, Feed, implementations, Look, Pay, Plain } from './actions.ts'
import type { Operation, Oracle } from './oracle.ts'
import { simData } from './sim-data.ts'
import { ProcessLink, SimProcess } from './sim-process.ts'
import { StoreClient, type StoreNetwork } from './store-client.ts'

export interface LifeOptions {
  readonly clock: SimClock
  readonly random: Random
  readonly limits: Partial<Limits>
  readonly network: ClusterNetwork
  readonly storeNetwork: StoreNetwork
  readonly waitMs: number
  readonly skewMs: number
  readonly oracle: Oracle
  onLoading(isLoading: boolean): void
}

export class Life {
  readonly name: string
  readonly address: string
  readonly process: SimProcess
  readonly store: StoreClient
  /** New links may come to it. */
  isListed = true
  /** It ends, or has ended, by its own will. */
  isLeaving = false
  hasEnded = false
  /** Until then no link to it can be made. */
  cutOffUntilMs = 0
  readonly #options: LifeOptions
  readonly #server: Server

  constructor(name: string, address: string, options: LifeOptions) {
    const { clock, random, limits, network, storeNetwork, waitMs, skewMs, oracle, onLoading } = options
    this.name = name
    this.address = address
    this.#options = options
    this.process = new SimProcess(name, clock, skewMs)
    this.store = new StoreClient(storeNetwork, this.process, waitMs)
    const data = simData({ store: this.store, clientPatienceMs: 4_000, random: random.next, onLoading })
    const { process } = this
    const own = new LifeNetwork(network, this)
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
    const server = new Server({
      address: `memory:${address}`,
      network: own,
      clock: process,
      limits,
      log,
      features: [data],
    })
    const does = implementations({
      run: (id) => oracle.run(id, name),
      request: (id) => (oracle.operations[id] as Operation).request,
      sleep: (ms) => new Promise((resolve) => process.setTimer(resolve, ms)),
      chance: (probability) => random.chance(probability),
      complain: (what) => oracle.complaints.push(`${name} ${what}`),
    })
    server.addAction(Pay, does.pay)
    server.addAction(Look, does.look)
    server.addAction(Feed, does.feed)
    server.addAction(Collect, does.collect)
    server.addAction(Confirm, does.confirm)
    server.addAction(Plain, does.plain)
    server.addAction(Ask, does.ask)
    server.addAction(Again, does.plain)
    this.#server = server
  }

  async start(): Promise<void> {
    await this.#server.listen()
  }

  /** `isHeard`: its system closes its connections; else the machine is gone. */
  crash(isHeard: boolean): void {
    this.isListed = false
    this.hasEnded = true
    this.process.die()
    this.store.die(isHeard)
    this.cut(isHeard ? 'reset' : 'silent')
  }

  async shutDown(graceMs: number): Promise<void> {
    if (this.isLeaving || this.hasEnded) return
    this.isLeaving = true
    this.isListed = false
    await this.#server.shutdown({ graceMs })
    this.hasEnded = true
  }

  /** Breaks its links. */
  cut(how: Cut): void {
    this.#options.network.cutOf(this, how)
  }

  stall(forMs: number): void {
    this.#options.network.stallOf(this, forMs)
  }

  endSession(): void {
    this.#server.sessions[0]?.end('enough')
  }

  get isIn(): boolean {
    return !this.hasEnded && !this.isLeaving
  }

  get sessionCount(): number {
    return this.#server.sessions.length
  }
}

/** The network between clients and all lives: an address leads to any of those that listen there. */
export class ClusterNetwork extends SimNetwork {
  readonly #pick: Random
  readonly #now: () => number
  readonly #listeners = new Map<Life, (link: Link) => void>()
  readonly #lifeOf = new Map<Link, Life>()

  constructor(clock: SimClock, random: Random) {
    super(clock, random)
    this.#pick = random
    this.#now = () => clock.now()
  }

  listenFor(life: Life, onLink: (link: Link) => void): () => void {
    this.#listeners.set(life, onLink)
    return () => {
      if (this.#listeners.get(life) === onLink) this.#listeners.delete(life)
    }
  }

  protected override acceptorOf(name: string): ((link: Link) => void) | undefined {
    const open = [...this.#listeners].filter(([life]) => life.isListed && life.address === name && !life.process.isDead)
    if (open.length === 0) return undefined
    const [life, onLink] = this.#pick.pick(open)
    if (life.cutOffUntilMs > this.#now()) throw new LinkError(`cannot connect to ${life.name}: timed out`)
    return (link) => {
      this.#lifeOf.set(link, life)
      life.process.reach(() => onLink(new ProcessLink(link, life.process)))
    }
  }

  cutOf(life: Life, how: Cut): void {
    for (const connection of this.connections) if (this.#lifeOf.get(connection.server) === life) connection.cut(how)
  }

  stallOf(life: Life, forMs: number): void {
    for (const connection of this.connections) if (this.#lifeOf.get(connection.server) === life) connection.stall(forMs)
  }
}

/** The network as one server sees it. */
class LifeNetwork extends MemoryNetwork {
  readonly #network: ClusterNetwork
  readonly #life: Life

  constructor(network: ClusterNetwork, life: Life) {
    super()
    this.#network = network
    this.#life = life
  }

  override listen(_name: string, onLink: (link: Link) => void): () => void {
    return this.#network.listenFor(this.#life, onLink)
  }
}
