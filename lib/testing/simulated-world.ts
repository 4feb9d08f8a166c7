// One seed's world: a server and clients that are real but for time, randomness and the network, and what happens to them.
import { sleep, type Timer } from '../core/base/clock.ts'
import type { Client, ClientOptions, Server } from '../index.ts'
import { describeFault, type PlannedFault } from './fault-schedule.ts'
import { createHarness, type Harness, type HarnessOptions } from './harness.ts'
import type { RecordedCall } from './recorded-calls.ts'
import { SeededRandom } from './seeded-random.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What a scenario, its actions and its check get. */
export interface SimulatedWorld {
  readonly seed: number
  readonly clock: VirtualClock
  /** What outlives crashes, as a database does: for what the actions write, and the check reads. */
  readonly store: Map<string, unknown>
  /** From 0 to below 1, by the seed; use it for all that varies. */
  random(): number
  /** Of virtual time. Rejects with the signal's reason if it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  readonly client: Client
  /** As it is now. */
  readonly server: Server
  /** Another client. */
  connect(options?: ClientOptions): Promise<Client>
  /** The runs at the servers so far. */
  readonly calls: readonly RecordedCall[]
  /** What happened so far, in lines. */
  readonly faults: readonly string[]
}

export type WorldOptions = Pick<HarnessOptions, 'server' | 'client'> & {
  readonly actions: (
    world: SimulatedWorld,
  ) => Exclude<HarnessOptions['actions'], undefined | ((...args: never) => unknown)>
  readonly limitMs: number
}

export class World implements SimulatedWorld {
  readonly seed: number
  readonly clock = new VirtualClock()
  readonly store = new Map<string, unknown>()
  readonly faults: string[] = []
  readonly #options: WorldOptions
  readonly #random: SeededRandom
  #harness: Harness | undefined
  /** Calls of the clients that have not settled. */
  readonly #open = new Map<symbol, string>()
  #restarting: Promise<void> = Promise.resolve()
  #isDown = false
  readonly #planned: Timer[] = []

  constructor(seed: number, options: WorldOptions) {
    this.seed = seed
    this.#options = options
    // Not that of the schedule: what a scenario draws must not change the faults.
    this.#random = new SeededRandom(seed ^ 0x5eed)
  }

  async start(): Promise<void> {
    const { server = {}, client = {}, actions } = this.#options
    const random = (): number => this.random()
    this.#harness = await createHarness({
      actions: () => actions(this),
      clock: this.clock,
      record: true,
      latencyMs: [0, 30],
      seed: this.seed,
      server,
      client: { random, ...client },
    })
    this.#watch(this.client)
  }

  readonly random = (): number => this.#random.next()

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => sleep(this.clock, ms, signal)

  get client(): Client {
    return this.#bed.client
  }

  get server(): Server {
    return this.#bed.server
  }

  get calls(): readonly RecordedCall[] {
    return this.#bed.calls
  }

  readonly connect = async (options?: ClientOptions): Promise<Client> => {
    const client = await this.#bed.connect({ random: this.random, ...options })
    this.#watch(client)
    return client
  }

  /** Lets the faults happen until `makePeace`. */
  suffer(faults: readonly PlannedFault[]): void {
    for (const fault of faults) this.#planned.push(this.clock.setTimer(() => this.#suffer(fault), fault.atMs))
  }

  /** No further faults: a server that is down starts again. */
  async makePeace(): Promise<void> {
    this.#cancelFaults()
    await this.until(this.#restarting, 'the restart of the server')
  }

  /** Lets time pass until it settles; `what` is for the error when it does not. */
  async until<T>(promise: Promise<T>, what: string): Promise<T> {
    let isSettled = false
    const onSettled = (): void => {
      isSettled = true
    }
    promise.then(onSettled, onSettled)
    const limitMs = this.#options.limitMs
    const endMs = this.clock.now() + limitMs
    await this.clock.advance(0)
    while (!isSettled)
      if (!(await this.clock.step(endMs))) throw new Error(`${what} did not settle within ${limitMs} virtual ms`)
    return promise
  }

  /** Waits until every call of every client has settled. */
  async untilSettled(): Promise<void> {
    const endMs = this.clock.now() + this.#options.limitMs
    await this.clock.advance(0)
    while (this.#open.size > 0 && (await this.clock.step(endMs)));
    if (this.#open.size > 0) throw new Error(`calls that never settled: ${[...this.#open.values()].join(', ')}`)
  }

  /** Throws if a timer is left that would never end. */
  async close(): Promise<void> {
    this.#cancelFaults()
    await this.#harness?.close()
    const endMs = this.clock.now() + this.#options.limitMs
    while (await this.clock.step(endMs));
    if (this.clock.pendingCount > 0) throw new Error(`${this.clock.pendingCount} timers are left`)
  }

  get #bed(): Harness {
    if (this.#harness === undefined) throw new Error('the world has no server yet: use it when an action runs')
    return this.#harness
  }

  #cancelFaults(): void {
    for (const timer of this.#planned) timer.cancel()
  }

  #watch(client: Client): void {
    client.use(async (call, next) => {
      const key = Symbol(call.name)
      this.#open.set(key, call.name)
      try {
        return await next()
      } finally {
        this.#open.delete(key)
      }
    })
  }

  #suffer(fault: PlannedFault): void {
    // A server that is down cannot crash.
    if (fault.kind === 'crash' && this.#isDown) return
    this.faults.push(describeFault(fault))
    const { network } = this.#bed
    if (fault.kind === 'cut') network.cut(fault.how)
    else if (fault.kind === 'stall') network.stall(fault.forMs)
    else {
      this.#bed.crash(fault.how)
      this.#restarting = this.#restartAfter(fault.downMs)
      // Its error is that of makePeace.
      this.#restarting.catch(() => undefined)
    }
  }

  async #restartAfter(downMs: number): Promise<void> {
    this.#isDown = true
    await this.sleep(downMs)
    await this.#bed.restart()
    this.#isDown = false
  }
}
