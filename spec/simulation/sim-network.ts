// A network in virtual time: links with latency that can be cut in every way that real ones are, told to both ends,
// to one, or to none.
import { LinkError } from '../../lib/core/base/errors.ts'
import type { Link, LinkHandler, Peer } from '../../lib/core/link/link.ts'
import { MemoryNetwork } from '../../lib/core/link/memory-network.ts'
import type { Random } from './random.ts'
import type { SimClock } from './sim-clock.ts'

/** How a connection breaks. 'half': the server is told much later; 'silent': nobody is told. */
export type Cut = 'reset' | 'finish' | 'half' | 'silent'

export class SimNetwork extends MemoryNetwork {
  readonly #clock: SimClock
  readonly #random: Random
  readonly #open = new Set<SimConnection>()

  constructor(clock: SimClock, random: Random) {
    super()
    this.#clock = clock
    this.#random = random
  }

  get connections(): readonly SimConnection[] {
    return [...this.#open]
  }

  override dial(name: string): Link {
    // MemoryNetwork's own links connect the listener; ours stand between.
    const connection = new SimConnection(name, this.#clock, this.#random, () => this.#open.delete(connection))
    const accept = this.acceptorOf(name)
    if (accept === undefined) throw new LinkError(`cannot connect to memory:${name}: no server listens there`)
    this.#open.add(connection)
    accept(connection.server)
    return connection.client
  }
}

/** One connection: two ends and a pipe each way. */
export class SimConnection {
  readonly name: string
  readonly client: SimLink
  readonly server: SimLink
  readonly #clock: SimClock
  readonly #random: Random
  readonly #onGone: () => void

  constructor(name: string, clock: SimClock, random: Random, onGone: () => void) {
    this.name = name
    this.#clock = clock
    this.#random = random
    this.#onGone = onGone
    this.client = new SimLink(`client of ${name}`, clock, random, this)
    this.server = new SimLink(`server ${name}`, clock, random, this)
    this.client.other = this.server
    this.server.other = this.client
  }

  cut(how: Cut): void {
    const { client, server } = this
    const random = this.#random
    if (how === 'finish') {
      // What one side sent still arrives; the other side's bytes are lost.
      const [lucky, other] = random.chance(0.5) ? [client, server] : [server, client]
      other.lose()
      lucky.sendEnd(undefined)
      other.endLater(undefined, random.between(0, 50))
      lucky.isLosing = true
      return
    }
    client.lose()
    server.lose()
    if (how === 'silent') return
    client.endLater(new LinkError('connection reset'), random.between(0, 20))
    server.endLater(
      new LinkError('connection reset'),
      how === 'half' ? random.between(5_000, 60_000) : random.between(0, 20),
    )
  }

  /** Holds what is under way, both ways. */
  stall(forMs: number): void {
    const until = this.#clock.now() + forMs
    this.client.stalledUntilMs = until
    this.server.stalledUntilMs = until
  }

  /** Both ends are over. */
  judgeGone(): void {
    if (this.client.isOver && this.server.isOver) this.#onGone()
  }
}

export class SimLink implements Link {
  readonly peer: Peer
  /** What is written from now on is lost. */
  isLosing = false
  /** What is on the way is lost too. */
  isDroppingFlight = false
  stalledUntilMs = 0
  isOver = false
  other: SimLink | undefined
  readonly #clock: SimClock
  readonly #random: Random
  readonly #connection: SimConnection
  #handler: LinkHandler | undefined
  readonly #early: (() => void)[] = []
  #lastArrivalMs = 0

  constructor(description: string, clock: SimClock, random: Random, connection: SimConnection) {
    this.peer = { transport: 'memory', description, isPrivate: true }
    this.#clock = clock
    this.#random = random
    this.#connection = connection
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    for (const deliver of this.#early.splice(0)) deliver()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.isOver) return true
    const bytes = new Uint8Array(Buffer.concat(chunks))
    const at = bytes.length > 1 && this.#random.chance(0.2) ? this.#random.between(1, bytes.length - 1) : bytes.length
    this.#transmit((other) => other.#deliver(bytes.subarray(0, at)))
    if (at < bytes.length) this.#transmit((other) => other.#deliver(bytes.subarray(at)))
    if (this.#random.chance(0.98)) return true
    this.#clock.setTimer(() => this.#handler?.onDrain(), this.#random.between(1, 300))
    return false
  }

  async close(how: 'flush' | 'abort'): Promise<void> {
    if (this.isOver) return
    this.#finish()
    this.sendEnd(how === 'flush' ? undefined : new LinkError('connection reset'))
  }

  keepProcessAlive(): void {
    // Virtual processes end when the simulation says so.
  }

  /** Nothing that this end sent or sends arrives any more. */
  lose(): void {
    this.isLosing = true
    this.isDroppingFlight = true
  }

  sendEnd(error: Error | undefined): void {
    this.#transmit((other) => other.#end(error))
  }

  endLater(error: Error | undefined, delayMs: number): void {
    if (!this.isOver) this.#clock.setTimer(() => this.#end(error), delayMs)
  }

  #transmit(arrive: (other: SimLink) => void): void {
    const { other } = this
    if (this.isLosing || other === undefined) return
    const earliest = Math.max(this.#clock.now() + this.#random.between(0, 30), this.stalledUntilMs, this.#lastArrivalMs)
    this.#lastArrivalMs = earliest
    this.#clock.setTimer(() => {
      // Bytes on the way when the connection broke never arrive.
      if (!this.isDroppingFlight) arrive(other)
    }, earliest - this.#clock.now())
  }

  #deliver(bytes: Uint8Array): void {
    if (this.isOver) return
    if (this.#handler === undefined) this.#early.push(() => this.#deliver(bytes))
    else this.#handler.onBytes(bytes)
  }

  #end(error: Error | undefined): void {
    if (this.isOver) return
    const handler = this.#handler
    this.#finish()
    handler?.onEnd(error)
    this.sendEnd(error)
  }

  #finish(): void {
    this.isOver = true
    this.#handler = undefined
    this.#connection.judgeGone()
  }
}
