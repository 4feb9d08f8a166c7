// A place where a server runs: started, drained, crashed and started again at one address.
import { type Limits, Server } from '../../lib/index.ts'
import { Idempotent, implementations, Meet, Nested, Quick, Slow, Stream, Throwing, Upload } from './actions.ts'
import type { Oracle } from './oracle.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimNetwork } from './sim-network.ts'

export interface SiteOptions {
  readonly clock: SimClock
  readonly limits: Partial<Limits>
  readonly network: SimNetwork
  readonly oracle: Oracle
  /** Whether the server of this start has the idempotent action: during a rolling deploy another version may run. */
  readonly offersIdempotent: (generation: number) => boolean
}

export class Site {
  readonly name: string
  readonly #options: SiteOptions
  #server: Server | undefined
  #isAlive: { value: boolean } = { value: false }
  #generation = 0
  readonly #former: Server[] = []

  constructor(name: string, options: SiteOptions) {
    this.name = name
    this.#options = options
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return
    const { clock, limits, network, oracle, offersIdempotent } = this.#options
    const isAlive = { value: true }
    const where = `${this.name}${++this.#generation}`
    const server = new Server({ address: `memory:${this.name}`, network, clock, limits })
    const handlers = implementations({
      run: (id) => oracle.run(id, where),
      sleep: (delayMs) =>
        new Promise((resolve) => {
          clock.setTimer(() => {
            if (isAlive.value) resolve()
          }, delayMs)
        }),
    })
    server.addAction(Quick, handlers.quick)
    server.addAction(Slow, handlers.slow)
    if (offersIdempotent(this.#generation)) server.addAction(Idempotent, handlers.slow)
    server.addAction(Throwing, handlers.throwing)
    server.addAction(Stream, handlers.stream)
    server.addAction(Upload, handlers.upload)
    server.addAction(Nested, handlers.nested)
    server.addAction(Meet, handlers.meet)
    this.#server = server
    this.#isAlive = isAlive
    await server.listen()
  }

  /** The process is gone: nothing of it is heard, its handlers go on with nothing. */
  crash(): void {
    this.#isAlive.value = false
    void this.shutDown(0)
  }

  async shutDown(graceMs: number): Promise<void> {
    const server = this.#server
    const isAlive = this.#isAlive
    if (server === undefined) return
    this.#server = undefined
    this.#former.push(server)
    await server.shutdown({ graceMs })
    isAlive.value = false
  }

  *leftovers(): Generator<string> {
    for (const server of this.#former) {
      if (server.sessions.length > 0) yield `${server.sessions.length} sessions are left at ${this.name}`
    }
  }
}
