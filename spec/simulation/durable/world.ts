// One seed's world of several servers over one store: servers and clients that are real but for time, randomness, network and store, a
// schedule of calls and faults, and an oracle that looks at the effects in the end.
import { Client, type ClientOptions, LinkError } from '../../../lib/index.ts'
import { Random } from '../random.ts'
import { SimClock } from '../sim-clock.ts'
import type { Cut } from '../sim-network.ts'
import type { WorldResult } from '../world.ts'
import { Caller } from './caller.ts'
import { FakeStore } from './fake-store.ts'
import { ClusterNetwork, Life, type LifeOptions } from './life.ts'
import { type Operation, type OperationKind, Oracle } from './oracle.ts'
import { type SimProcess, startWallMs } from './sim-process.ts'
import type { Phase, StoreNetwork } from './store-client.ts'

const busyMs = 20_000
const endOfTimeMs = 30 * 60_000
const kinds: readonly OperationKind[] = [
  'pay',
  'pay',
  'pay',
  'look',
  'feed',
  'collect',
  'confirm',
  'plain',
  'ask',
  'again',
]
const cuts: readonly Cut[] = ['reset', 'finish', 'half', 'silent']
const accountCount = 2

const isCommit = (sql: string): boolean => sql === 'commit'
/** Where its transaction is still open, nothing else than its row says that a call may have been answered. */
const isAnswer = (sql: string): boolean => sql.startsWith('insert into isock_answer')
const isAdoption = (sql: string): boolean => sql.startsWith('update isock_session') && sql.includes('generation + 1')
const moments = [isCommit, isCommit, isAnswer, (sql: string) => !isCommit(sql)]

/** A fault that waits for a message between a server and its store. */
interface Aimed {
  readonly phase: Phase
  readonly isIt: (sql: string) => boolean
  readonly strike: (life: Life) => void
}

/** Runs one seed to its end. */
export function simulateStore(seed: number): Promise<WorldResult> {
  return new World(seed).run()
}

class World {
  readonly #seed: number
  readonly #random: Random
  readonly #clock = new SimClock()
  readonly #network: ClusterNetwork
  readonly #store: FakeStore
  readonly #storeNetwork: StoreNetwork
  readonly #oracle = new Oracle()
  readonly #addresses: readonly string[]
  readonly #lives: Life[] = []
  readonly #callers: Caller[]
  readonly #trace: string[] = []
  readonly #leaseMs: number
  readonly #heartbeat: readonly [heartbeatMs: number, deadAfterMs: number]
  readonly #isSkewed: boolean
  #faultCount = 0
  #openCount = 0
  #isClosing = false
  #loadingCount = 0
  /** Until then something of what happened to them is not over. */
  #troubledUntilMs = busyMs
  #aimed: Aimed | undefined

  constructor(seed: number) {
    this.#seed = seed
    this.#random = new Random(seed)
    const random = this.#random
    const clock = this.#clock
    this.#network = new ClusterNetwork(clock, random)
    const storeClock = {
      now: () => clock.now(),
      wallNow: () => startWallMs + Math.floor(clock.now()),
      setTimer: (run: () => void, delayMs: number) => clock.setTimer(run, delayMs),
    }
    // Where calendars differ, sessions could be taken for over. Patient clients see that, where nothing else makes their outcomes unknown.
    this.#isSkewed = random.chance(0.4)
    const isAny = !this.#isSkewed || random.chance(0.3)
    this.#store = new FakeStore(storeClock, random.pick([5_000, 10_000, 40_000]))
    this.#storeNetwork = {
      clock,
      random,
      store: this.#store,
      commitCuts: isAny ? random.pick([0, 0, 0.1]) : 0,
      otherCuts: isAny ? random.pick([0, 0, 0.02]) : 0,
      latencyMs: random.pick([0, 3, 3, 40]),
      onMessage: (process, phase, sql) => this.#onMessage(process, phase, sql),
    }
    this.#oracle.mayBeUnknown = this.#storeNetwork.commitCuts > 0 || this.#storeNetwork.otherCuts > 0
    this.#leaseMs = isAny ? random.pick([20_000, 900_000]) : 900_000
    this.#heartbeat = random.pick([
      [1_000, 3_000],
      [5_000, 15_000],
    ] as const)
    this.#addresses = random.pick([['x'], ['x'], ['x', 'x'], ['x', 'x', 'x'], ['x', 'y']])
    const addresses = [...new Set(this.#addresses)].map((name) => `memory:${name}`)
    this.#callers = Array.from({ length: random.between(1, 2) }, () => {
      const retry = isAny ? random.pick([1, 3, 1_000, 1_000]) : 1_000
      const patienceMs = isAny ? random.pick([10_000, 30_000, 200_000, 200_000]) : 200_000
      const isPatient = addresses.length === 1 && retry === 1_000 && patienceMs === 200_000 && this.#leaseMs > 200_000
      const options: ClientOptions = {
        clock,
        random: random.next,
        retry,
        patienceMs,
        limits: this.#clientLimits(),
        dial: async (address) => {
          if (address.transport !== 'memory') throw new LinkError('only memory addresses here')
          return this.#network.dial(address.name)
        },
      }
      return new Caller(new Client(addresses, options), isPatient, clock, this.#oracle, random)
    })
  }

  async run(): Promise<WorldResult> {
    for (const address of this.#addresses) this.#begin(address)
    this.#plan()
    await this.#pass(() => this.#isSettled)
    this.#aimed = undefined
    // Those that stood still do what they had begun, and the store ends what nobody ends.
    const settledAtMs = this.#clock.now()
    await this.#pass(() => this.#clock.now() >= settledAtMs + 8_000)
    const left = await this.#close()
    const ledger = this.#store.rows('ledger')
    const violations = [...this.#oracle.violations(ledger, this.#store.rows('account')), ...left]
    return {
      seed: this.#seed,
      violations,
      trace: this.#trace,
      operationCount: this.#oracle.operations.length,
      faultCount: this.#faultCount,
    }
  }

  get #isSettled(): boolean {
    return this.#openCount === 0 && this.#clock.now() >= this.#troubledUntilMs
  }

  #clientLimits(): ClientOptions['limits'] {
    const [heartbeatMs, deadAfterMs] = this.#heartbeat
    return { heartbeatMs, deadAfterMs, maxCallsInFlight: this.#random.pick([2, 3, 16]) }
  }

  #begin(address: string): void {
    const random = this.#random
    const [heartbeatMs, deadAfterMs] = this.#heartbeat
    const options: LifeOptions = {
      clock: this.#clock,
      random,
      limits: {
        heartbeatMs,
        deadAfterMs,
        sessionLeaseMs: this.#leaseMs,
        maxCallsInFlight: random.pick([2, 4, 16]),
        maxRunningCalls: random.pick([1, 2, 64]),
        maxQueuedCalls: random.pick([1, 64]),
        handshakeTimeoutMs: random.pick([1_000, 5_000]),
      },
      network: this.#network,
      storeNetwork: this.#storeNetwork,
      waitMs: random.pick([1_000, 5_000]),
      skewMs: this.#isSkewed ? random.between(-36_000_000, 36_000_000) : 0,
      oracle: this.#oracle,
      onLoading: (isLoading) => {
        this.#loadingCount += isLoading ? 1 : -1
      },
    }
    const life = new Life(`${address}${this.#lives.length + 1}`, address, options)
    this.#lives.push(life)
    this.#note(`start ${life.name}`)
    life.start().then(
      () => this.#note(`${life.name} listens`),
      (error: unknown) => {
        this.#note(`${life.name} does not start: ${String(error)}`)
        life.crash(true)
        // As a supervisor does.
        this.#later(1_000, () => this.#replace(life))
      },
    )
  }

  #plan(): void {
    const random = this.#random
    const count = random.between(3, 12)
    for (let i = 0; i < count; i++) {
      this.#at(random.between(1_000, busyMs - 3_000), () => {
        const caller = random.pick(this.#callers)
        const burst = random.chance(0.3) ? random.between(2, 4) : 1
        for (let k = 0; k < burst; k++) this.#call(caller)
      })
    }
    if (random.chance(0.05)) return
    const faults = random.between(1, 5)
    for (let i = 0; i < faults; i++) this.#at(random.between(1_000, busyMs), () => this.#suffer())
  }

  #call(caller: Caller): void {
    this.#openCount++
    const [operation, ended] = caller.start(this.#random.pick(kinds), accountCount)
    this.#note(`call ${describe(operation)}`)
    void ended.then(() => {
      this.#openCount--
      this.#note(`heard of ${describe(operation)}: ${outcomeOf(operation)}`)
    })
  }

  #suffer(): void {
    const random = this.#random
    this.#faultCount++
    this.#oracle.wasTroubled = true
    const lives = this.#lives.filter(({ isIn, process }) => isIn && !process.isStill)
    if (lives.length === 0) return
    const life = random.pick(lives)
    if (random.chance(0.02)) return this.#failOver()
    if (random.chance(0.04)) return this.#endSession(life)
    if (random.chance(0.08)) {
      this.#aimed = { phase: 'answered', isIt: isAnswer, strike: this.#toHoldAnAnswer }
      return
    }
    if (this.#isSkewed && random.chance(0.3)) {
      const isIt = (sql: string): boolean => !isCommit(sql)
      this.#aimed = { phase: random.pick(['sent', 'answered']), isIt, strike: (one) => this.#drain(one) }
      return
    }
    const dice = random.next()
    if (dice < 0.45) return this.#aim(random.chance(0.6) ? this.#toStandStill : this.#toCrash)
    if (dice < 0.55) return this.#toStandStill(life)
    if (dice < 0.62) return this.#toCrash(life)
    if (dice < 0.7) {
      const how = random.pick(cuts)
      this.#note(`cut ${how} ${life.name}`)
      life.cut(how)
    } else if (dice < 0.76) {
      const forMs = random.between(500, 20_000)
      this.#note(`${life.name} cannot reach the store for ${forMs}`)
      this.#trouble(forMs)
      this.#oracle.mayBeUnknown = true
      life.store.cutOff(forMs)
    } else if (dice < 0.82) this.#cutOff(life)
    else if (dice < 0.88) this.#restartStore()
    else if (dice < 0.96) this.#drain(life)
    else this.#rollOver()
  }

  /** The next message of a kind between any server and its store is when it happens. */
  #aim(strike: (life: Life) => void): void {
    const random = this.#random
    this.#aimed = { phase: random.pick(['sent', 'arrived', 'answered']), isIt: random.pick(moments), strike }
  }

  #onMessage(process: SimProcess, phase: Phase, sql: string): void {
    const aimed = this.#aimed
    if (aimed === undefined || aimed.phase !== phase || !aimed.isIt(sql)) return
    const life = this.#lives.find((one) => one.process === process)
    if (life?.isIn !== true || process.isStill) return
    this.#aimed = undefined
    this.#note(`${phase} ${sql.slice(0, 30)}`)
    aimed.strike(life)
  }

  readonly #toStandStill = (life: Life): void => {
    const random = this.#random
    const forMs = random.pick([random.between(10, 500), random.between(500, 60_000)])
    this.#note(`${life.name} stands still for ${forMs}`)
    life.process.standStill()
    this.#trouble(forMs)
    const isReplaced = random.chance(0.7)
    if (isReplaced) {
      this.#later(random.between(0, Math.min(forMs, 3_000)), () => {
        life.isListed = random.chance(0.1)
        this.#note(`${life.name} is replaced`)
        if (random.chance(0.6)) life.cut(random.pick(cuts))
        this.#replace(life)
        const dice = random.next()
        if (dice < 0.1) this.#aimed = { phase: 'answered', isIt: isAdoption, strike: this.#toLeaveSoon }
        else if (dice < 0.2) this.#later(random.between(0, 4_000), () => this.#drainOther(life))
      })
    }
    this.#later(forMs, () => {
      this.#note(`${life.name} wakes up`)
      life.process.wake()
      if (!isReplaced && random.chance(0.5)) this.#later(random.between(0, 2_000), () => this.#comeBackTo(life))
      if (isReplaced) this.#later(random.between(0, 5_000), () => this.#end(life))
    })
  }

  /** It has written an answer that it will commit only after another server has begun the same call. */
  readonly #toHoldAnAnswer = (life: Life): void => {
    const forMs = this.#random.between(500, 6_000)
    this.#note(`${life.name} holds an answer for ${forMs}`)
    life.process.standStill()
    life.isListed = false
    life.cut('reset')
    this.#trouble(forMs)
    this.#replace(life)
    this.#later(forMs, () => {
      this.#note(`${life.name} wakes up`)
      life.process.wake()
      this.#later(this.#random.between(0, 5_000), () => this.#end(life))
    })
  }

  /** The clients of the others come back to a server that stood still, and believes that it has their sessions. */
  #comeBackTo(life: Life): void {
    if (!life.isIn) return
    const others = this.#lives.filter((other) => other !== life && other.isIn && other.isListed)
    this.#note(`all links but those to ${life.name} are cut`)
    for (const other of others) {
      other.isListed = false
      if (this.#random.chance(0.5)) this.#toStandStill(other)
      other.cut('reset')
    }
    this.#later(3_000, () => {
      for (const other of others) other.isListed = other.isIn
    })
  }

  readonly #toCrash = (life: Life): void => {
    const isHeard = this.#random.chance(0.7)
    this.#note(`${life.name} crashes, ${isHeard ? 'heard' : 'silently'}`)
    life.crash(isHeard)
    this.#later(this.#random.between(0, 4_000), () => this.#replace(life))
  }

  /** It has taken over a session, whose client may not have said yet what it still waits for: it leaves, or its program ends the session. */
  readonly #toLeaveSoon = (life: Life): void => {
    const random = this.#random
    const isEnded = random.chance(0.5)
    this.#later(random.between(0, 30), () => (isEnded ? this.#endSession(life) : this.#drain(life)))
  }

  #cutOff(life: Life): void {
    const random = this.#random
    const forMs = random.between(500, 20_000)
    this.#note(`clients cannot reach ${life.name} for ${forMs}`)
    this.#trouble(forMs)
    life.cutOffUntilMs = this.#clock.now() + forMs
    life.stall(forMs)
    if (random.chance(0.5)) life.cut(random.pick(['silent', 'half']))
    if (random.chance(0.5)) {
      life.isListed = false
      this.#replace(life)
      this.#later(forMs + random.between(0, 5_000), () => this.#end(life))
    }
  }

  /** Another store takes over, which has not received the last commits. */
  #failOver(): void {
    const lostMs = this.#random.between(0, 3_000)
    this.#restartStore()
    const lost = this.#store.loseTail(lostMs)
    this.#note(`a failover loses ${lost.length} effects of ${lostMs}`)
    this.#oracle.failovers.push({ atMs: this.#clock.now(), lostMs })
  }

  /** As a server's program may. */
  #endSession(life: Life): void {
    this.#oracle.mayBeUnknown = true
    this.#note(`${life.name} ends a session`)
    life.endSession()
  }

  #restartStore(): void {
    const forMs = this.#random.between(50, 8_000)
    this.#note(`the store is down for ${forMs}`)
    this.#trouble(forMs)
    this.#oracle.mayBeUnknown = true
    this.#store.stop()
    this.#later(forMs, () => this.#store.start())
  }

  #drain(life: Life): void {
    const graceMs = this.#random.between(0, 3_000)
    this.#note(`${life.name} shuts down within ${graceMs}`)
    const isBefore = this.#random.chance(0.5)
    if (isBefore) this.#replace(life)
    void life.shutDown(graceMs).then(() => {
      this.#note(`${life.name} has shut down`)
    })
    if (!isBefore) this.#later(this.#random.between(0, 5_000), () => this.#replace(life))
  }

  /** One that has taken over leaves again. */
  #drainOther(life: Life): void {
    const others = this.#lives.filter((other) => other !== life && other.isIn && !other.process.isStill)
    if (others.length > 0) this.#drain(this.#random.pick(others))
  }

  /** One after the other. */
  #rollOver(): void {
    const lives = this.#lives.filter(({ isIn, process }) => isIn && !process.isStill)
    for (const [i, life] of lives.entries()) this.#later(i * 2_000, () => this.#drain(life))
  }

  #replace({ address }: Life): void {
    // A server that had not started when the world was closed has no successor.
    if (!this.#isClosing) this.#begin(address)
  }

  #end(life: Life): void {
    if (!life.isIn) return
    if (this.#random.chance(0.5)) life.crash(true)
    else void life.shutDown(0)
    this.#note(`${life.name} is ended`)
  }

  #trouble(forMs: number): void {
    this.#troubledUntilMs = Math.max(this.#troubledUntilMs, this.#clock.now() + forMs + 6_000)
  }

  #later(delayMs: number, run: () => void): void {
    this.#trouble(delayMs)
    this.#clock.setTimer(run, delayMs)
  }

  #at(atMs: number, run: () => void): void {
    this.#clock.setTimer(run, atMs - this.#clock.now())
  }

  #note(what: string): void {
    this.#trace.push(`${this.#clock.now().toFixed(0)} ${what}`)
  }

  /** Lets time pass until it is so, or the end of time. */
  async #pass(isOver: () => boolean): Promise<void> {
    await this.#quiet()
    while (!isOver() && this.#clock.now() < endOfTimeMs && this.#clock.step()) await this.#quiet()
  }

  async #close(): Promise<string[]> {
    this.#isClosing = true
    const closings = [
      ...this.#callers.map((caller) => caller.close()),
      ...this.#lives.filter(({ hasEnded, isLeaving }) => !hasEnded && !isLeaving).map((life) => life.shutDown(0)),
    ]
    let isClosed = false
    void Promise.all(closings).then(() => {
      isClosed = true
    })
    await this.#pass(() => isClosed)
    const left: string[] = isClosed ? [] : ['never closed']
    while (this.#clock.timerCount > 0 && this.#clock.now() < 2 * endOfTimeMs && this.#clock.step()) await this.#quiet()
    if (this.#clock.timerCount > 0) left.push(`${this.#clock.timerCount} timers are left`)
    left.push(...this.#store.unknown)
    if (this.#store.openCount > 0) left.push(`${this.#store.openCount} transactions are left`)
    for (const { name, process, sessionCount } of this.#lives)
      if (!process.isDead && sessionCount > 0) left.push(`${sessionCount} sessions are left at ${name}`)
    return left
  }

  /** Until everything that can run now has run; modules that are loaded take turns that are not the world's. */
  async #quiet(): Promise<void> {
    await turn()
    while (this.#loadingCount > 0) await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function describe({ request, kind, timeoutMs }: Operation): string {
  return `${kind} ${request.id}${timeoutMs === undefined ? '' : ` within ${timeoutMs}`}`
}

function outcomeOf({ outcome }: Operation): string {
  if (outcome?.ok) return JSON.stringify(outcome.value)
  const error = outcome?.error as { code?: string; notStarted?: boolean; message?: string } | undefined
  return `${error?.code}${error?.notStarted ? ' not started' : ''}: ${error?.message}`
}
