// One seed's world: servers and clients that are real but for time, randomness and the network, a schedule of calls
// and faults, and an oracle that watches.
import { Client, type ClientOptions } from '../../lib/index.ts'
import { Caller } from './caller.ts'
import { type Fault, type Operation, type OperationKind, Oracle } from './oracle.ts'
import { Random } from './random.ts'
import { SimClock } from './sim-clock.ts'
import { type Cut, SimNetwork } from './sim-network.ts'
import { Site } from './site.ts'

export interface WorldResult {
  readonly seed: number
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  readonly operationCount: number
  readonly faultCount: number
}

const busyMs = 30_000
/** After which everything must have settled: the longest timeout, heartbeat and lease together. */
const endOfTimeMs = 40 * 60_000
const kinds: readonly OperationKind[] = ['quick', 'slow', 'throwing', 'stream', 'upload', 'nested', 'idempotent']
const cuts: readonly Cut[] = ['reset', 'finish', 'half', 'silent']

/** Runs one seed to its end. */
export async function simulate(seed: number): Promise<WorldResult> {
  const world = new World(seed)
  return world.run()
}

class World {
  readonly #seed: number
  readonly #random: Random
  readonly #clock = new SimClock()
  readonly #network: SimNetwork
  readonly #oracle = new Oracle()
  readonly #sites: Site[]
  readonly #callers: Caller[]
  readonly #trace: string[] = []
  readonly #slotCount: number

  constructor(seed: number) {
    this.#seed = seed
    this.#random = new Random(seed)
    const random = this.#random
    const clock = this.#clock
    this.#network = new SimNetwork(clock, random)
    const limits = {
      sessionLeaseMs: random.pick([20_000, 120_000, 900_000]),
      streamWindowBytes: random.pick([2_048, 8_192, 262_144]),
      maxCallsInFlight: random.pick([2, 8, 1_024]),
    }
    this.#slotCount = limits.maxCallsInFlight
    this.#oracle.leaseMs = limits.sessionLeaseMs
    const names = random.chance(0.4) ? ['a', 'b'] : ['a']
    const offersIdempotent = (generation: number): boolean => generation === 1 || random.chance(0.7)
    this.#sites = names.map(
      (name) => new Site(name, { clock, limits, network: this.#network, oracle: this.#oracle, offersIdempotent }),
    )
    this.#callers = Array.from({ length: random.between(1, 3) }, () => {
      const retry = random.pick([0, 1, 3, 3, 10])
      const options: ClientOptions = {
        clock,
        random: random.next,
        retry,
        limits,
        dial: async (address) => {
          if (address.transport !== 'memory') throw new Error('only memory addresses here')
          return this.#network.dial(address.name)
        },
      }
      const addresses = names.map((name) => `memory:${name}`)
      return new Caller(new Client(addresses, options), { clock, oracle: this.#oracle, random, retries: retry })
    })
  }

  async run(): Promise<WorldResult> {
    for (const site of this.#sites) await site.start()
    this.#plan()
    await this.#pass(() => this.#isSettled && this.#clock.now() >= busyMs)
    const jams = await this.#probe()
    await this.#close()
    const violations = [...this.#oracle.violations(), ...jams, ...this.#leftovers()]
    return {
      seed: this.#seed,
      violations,
      trace: this.#trace,
      operationCount: this.#oracle.operations.length,
      faultCount: this.#oracle.faults.length,
    }
  }

  get #isSettled(): boolean {
    return this.#oracle.operations.every(({ outcome }) => outcome !== undefined)
  }

  #plan(): void {
    const random = this.#random
    const count = random.between(5, 25)
    for (let i = 0; i < count; i++) {
      this.#at(random.between(0, busyMs - 5_000), () => {
        const caller = random.pick(this.#callers)
        const operation = caller.start(random.pick(kinds))
        this.#note(`start ${describe(operation)}`)
        void caller.ended(operation).then(() => this.#note(`settle ${describe(operation)} ${outcomeOf(operation)}`))
      })
    }
    if (random.chance(0.15)) return
    const faults = random.between(1, 6)
    for (let i = 0; i < faults; i++) this.#at(random.between(0, busyMs), () => this.#fault())
  }

  #fault(): void {
    const random = this.#random
    const connection = random.pick(this.#network.connections)
    const dice = random.next()
    if (dice < 0.55 && connection !== undefined) {
      const how = random.pick(cuts)
      this.#suffer('cut')
      this.#note(`cut ${how}`)
      connection.cut(how)
    } else if (dice < 0.7 && connection !== undefined) {
      const forMs = random.between(100, 60_000)
      this.#suffer('stall')
      this.#note(`stall ${forMs}`)
      connection.stall(forMs)
    } else {
      const site = random.pick(this.#sites)
      const isGraceful = random.chance(0.4)
      this.#suffer(isGraceful ? 'shutdown' : 'crash')
      this.#note(`${isGraceful ? 'shut down' : 'crash'} ${site.name}`)
      const restartMs = random.between(0, 5_000)
      if (isGraceful) void site.shutDown(random.between(0, 3_000)).then(() => this.#restart(site, restartMs))
      else {
        for (const open of this.#network.connections)
          if (open.name === site.name) open.cut(random.pick(['reset', 'silent']))
        site.crash()
        this.#restart(site, restartMs)
      }
    }
  }

  #restart(site: Site, delayMs: number): void {
    this.#at(delayMs, () => {
      this.#suffer('restart')
      this.#note(`restart ${site.name}`)
      void site.start()
    })
  }

  #at(delayMs: number, run: () => void): void {
    this.#clock.setTimer(run, delayMs)
  }

  #suffer(kind: Fault['kind']): void {
    this.#oracle.faults.push({ kind, atMs: this.#clock.now() })
  }

  #note(what: string): void {
    this.#trace.push(`${this.#clock.now().toFixed(3)} ${what}`)
  }

  /** Lets time pass until it is so, or the end of time. */
  async #pass(isOver: () => boolean): Promise<void> {
    await quiet()
    while (!isOver() && this.#clock.now() < endOfTimeMs && this.#clock.step()) await quiet()
  }

  /** When all is over, each client can have as many calls in flight as ever: no slot is lost. */
  async #probe(): Promise<string[]> {
    const count = this.#slotCount
    if (count > 8) return []
    for (const site of this.#sites) await site.start()
    const probes = this.#callers.map((caller, index) => caller.probe(index, count))
    let faults: string[] | undefined
    void Promise.all(probes).then((results) => {
      faults = results.flat()
    })
    await this.#pass(() => faults !== undefined)
    return faults ?? ['the probes never settled']
  }

  async #close(): Promise<void> {
    const closings = [...this.#callers.map((caller) => caller.close()), ...this.#sites.map((site) => site.shutDown(0))]
    let isClosed = false
    void Promise.all(closings).then(() => {
      isClosed = true
    })
    await this.#pass(() => isClosed)
    if (!isClosed) this.#trace.push('never closed')
    // What was under way on the network arrives, and half-open ends are told.
    while (this.#clock.timerCount > 0 && this.#clock.now() < 2 * endOfTimeMs && this.#clock.step()) await quiet()
  }

  *#leftovers(): Generator<string> {
    if (this.#clock.timerCount > 0) yield `${this.#clock.timerCount} timers are left`
    for (const site of this.#sites) yield* site.leftovers()
  }
}

/** Until everything that can run now has run. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function describe({ id, kind }: Operation): string {
  return `${kind} ${id}`
}

function outcomeOf({ outcome }: Operation): string {
  if (outcome?.ok) return `ok ${JSON.stringify(outcome.value)}`
  const error = outcome?.error as { code?: string; notStarted?: boolean; message?: string } | undefined
  return `${error?.code}${error?.notStarted ? ' not started' : ''}: ${error?.message}`
}
