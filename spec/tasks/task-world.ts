// Servers that do not listen yet, and their clients, in virtual time that begins at a date of one's choice.
import { expect } from 'chai'
import { Client, type ClientOptions, type ErrorOrigin, Server, type ServerOptions } from '../../lib/index.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { VirtualNetwork } from '../setup/virtual-network.ts'

export class CalendarClock extends VirtualClock {
  #wallAtZeroMs: number

  constructor(startsAt: string) {
    super()
    this.#wallAtZeroMs = Date.parse(startsAt) - this.now()
  }

  override wallNow(): number {
    return this.#wallAtZeroMs + this.now()
  }

  /** Somebody sets the calendar. */
  setWall(to: string): void {
    this.#wallAtZeroMs = Date.parse(to) - this.now()
  }
}

/** One error that the server's `onError` was told. */
export interface Told {
  readonly error: unknown
  readonly origin: string | undefined
}

export class TaskWorld {
  readonly clock: CalendarClock
  readonly network = new VirtualNetwork()
  /** What `onError` was told, in its order. */
  readonly told: Told[] = []
  readonly #clients: Client[] = []
  readonly #servers: Server[] = []

  constructor(startsAt = '2026-01-01T00:00:00Z') {
    this.clock = new CalendarClock(startsAt)
  }

  server(options: ServerOptions = {}): Server {
    const { clock, network, told } = this
    const onError = (error: unknown, { origin }: ErrorOrigin): void => void told.push({ error, origin })
    const server = new Server({ address: 'memory:server', network, clock, onError, ...options })
    this.#servers.push(server)
    return server
  }

  client(options: ClientOptions = {}): Client {
    const { clock, network } = this
    const client = new Client('memory:server', { network, clock, random: () => 0.5, ...options })
    this.#clients.push(client)
    return client
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.clock.now() - 1_000
  }

  /** Closes everything, and looks whether a timer is left. */
  async close(): Promise<void> {
    await this.clock.until(Promise.all(this.#clients.map((client) => client.close())))
    await this.clock.until(Promise.all(this.#servers.map((server) => server.shutdown({ graceMs: 0 }))))
    expect(this.clock.pendingCount, 'timers that are left').to.equal(0)
  }
}
