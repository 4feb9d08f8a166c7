// One run over one store: servers, callers, faults and a judge, until the faults are done or the time is over.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { Relay } from '../../spec/data/relay.ts'
import { Child } from '../child.ts'
import { Cutter } from '../soak/cutter.ts'
import { Disk } from './disk.ts'
import { type Fault, type FaultWorld, faults, killedAnyTime } from './faults.ts'
import type { Verdict } from './judge.ts'
import { KeyedCalls } from './keyed-calls.ts'
import { OwnPostgres } from './own-postgres.ts'
import type { CallerCounts } from './processes/callers.ts'
import type { Programs } from './programs.ts'
import { countOf, type Report } from './report.ts'
import { Site } from './site.ts'

export interface WorldOptions {
  readonly store: 'file' | 'postgres'
  /** After how many faults it ends. */
  readonly kills: number
  /** After how many seconds it ends, if that is earlier. */
  readonly seconds: number
  readonly seed: number
  /** The longest pause between two faults of a server, in milliseconds. */
  readonly pauseMs: number
  readonly programs: Programs
  /** Called now and then. */
  readonly onProgress: (progress: Progress) => void
}

export interface Progress {
  readonly faults: number
  readonly acknowledged: number
  readonly seconds: number
}

const lookEveryMs = 20_000
const countEveryMs = 250
/** What callers have between two faults of a server, at least: this number of answers, or this time. */
const workCalls = 12
const workMs = 5_000
const cutEveryMs = 1_500
/** No fault takes as long, with its restart. */
const faultMs = 240_000
/** Longer than any call waits. */
const stopMs = 660_000

const noBreaches: Verdict = {
  breaches: { sums: 0, doubles: 0, lost: 0, wrong: 0, untrue: 0, unknown: 0, gaps: 0, unexpected: 0 },
  examples: [],
  errors: {},
}

export class World {
  readonly #options: WorldOptions
  readonly #random: SeededRandom
  readonly #folder = mkdtempSync(join(tmpdir(), 'isock-kills-'))
  readonly #outcomes = join(this.#folder, 'outcomes.jsonl')
  readonly #effects = join(this.#folder, 'effects')
  readonly #errors = openSync(join(this.#folder, 'errors.log'), 'a')
  readonly #counts: Record<string, number> = {}
  readonly #startedAtMs = performance.now()
  readonly #closers: (() => unknown)[] = []
  readonly #sites: Site[] = []
  #world: FaultWorld | undefined
  #callers: Child | undefined
  #judge: Child | undefined
  #keyed: KeyedCalls | undefined
  #verdict = noBreaches
  #called: CallerCounts = { words: {}, retries: 0, clients: 0 }
  #trouble: string | undefined
  #isAloneBusy = false
  #isOver = false

  constructor(options: WorldOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
  }

  /** Never rejects: what stops it is in the report. */
  async run(): Promise<Report> {
    try {
      await this.#start()
      const looking = this.#look()
      const lanes = this.#sites.map((site) => this.#lane(site))
      const keyed = [0, 1].map((number) => this.#keyed?.run(`key${number}`))
      await Promise.all(lanes)
      this.#isOver = true
      this.#keyed?.stop()
      await looking
      this.#called = await this.#ask<CallerCounts>(this.#callers, 'stop', stopMs)
      await withLimit(Promise.all(keyed), stopMs, 'the last calls with a key')
      this.#verdict = await this.#ask<Verdict>(this.#judge, 'end', 120_000)
    } catch (error) {
      this.#trouble ??= error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
    const report = this.#report()
    await this.close()
    return report
  }

  /** Ends all processes, and removes what was made; but not the evidence of broken promises. */
  async close(): Promise<void> {
    this.#isOver = true
    for (const close of this.#closers.splice(0).reverse()) await Promise.resolve(close()).catch(() => undefined)
  }

  /** Where the evidence is kept if a promise was broken. */
  get folder(): string {
    return this.#folder
  }

  #report(): Report {
    const { store, seed } = this.#options
    const skipped = faults.filter(({ isPossible }) => this.#world !== undefined && !isPossible(this.#world))
    const disk = this.#world?.disk
    const reasons = [disk?.cannotFill, disk?.cannotLimit].filter((reason) => reason !== undefined)
    return {
      store,
      seed,
      seconds: this.#seconds,
      faults: this.#counts,
      skipped: skipped
        .filter(({ name }) => disk !== undefined && name.startsWith('disk'))
        .map(({ name }) => `${name} (${reasons.join('; ')})`),
      calls: this.#called.words,
      keyed: this.#keyed?.words ?? {},
      keyedKills: this.#keyed?.kills ?? 0,
      retries: this.#called.retries,
      clients: this.#called.clients,
      breaches: this.#verdict.breaches,
      examples: this.#verdict.examples,
      errors: this.#verdict.errors,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    }
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAtMs) / 1_000
  }

  async #start(): Promise<void> {
    const { store, seed, programs } = this.#options
    this.#closers.push(() => this.#removeFolder())
    writeFileSync(this.#outcomes, '')
    writeFileSync(this.#effects, '')
    const postgres = store === 'postgres' ? await OwnPostgres.make(await freeLowPort(this.#random)) : undefined
    const disk = store === 'file' ? new Disk(this.#folder) : undefined
    this.#closers.push(() => (postgres ?? disk)?.remove())
    this.#closers.push(() => this.#isBroken && disk?.copyTo(this.#folder))
    this.#world = { random: this.#random, postgres, disk }
    const url = (postgres ?? disk)?.url as string
    const ports: number[] = []
    for (let i = 0; i < (postgres === undefined ? 1 : 3); i++) {
      const port = await freeLowPort(this.#random)
      ports.push(port)
      await this.#addSite(port, url)
    }
    await Promise.all(this.#sites.map((site) => site.comeBack()))
    const addresses = ports.map((port) => `tcp://127.0.0.1:${port}`)
    const cutters = await Promise.all(ports.map((port) => Cutter.start(port)))
    for (const cutter of cutters) this.#closers.push(() => cutter.close())
    this.#cutLinks(cutters)
    const cutAddresses = cutters.map((cutter) => cutter.address)
    const outcomes = this.#outcomes
    const callers = { addresses, cutAddresses, outcomes, seed, pauseMs: 30 }
    this.#callers = this.#child('callers', callers)
    this.#judge = this.#child('judge', { url, outcomes, effects: this.#effects })
    await this.#ask(this.#callers, 'start', stopMs)
    const program = programs.pathOf('keyed-caller')
    const keyed = new KeyedCalls({ program, addresses, outcomes, errors: this.#errors }, this.#random)
    this.#closers.push(() => keyed.close())
    this.#keyed = keyed
  }

  async #addSite(port: number, url: string): Promise<void> {
    let relay: Relay | undefined
    if (!url.startsWith('file:')) {
      relay = new Relay(url)
      await relay.open()
      this.#closers.push(() => relay?.close())
    }
    const place = { port, url: relay?.url ?? url, effects: this.#effects }
    const site = new Site(this.#options.programs.pathOf('server'), place, relay, { errors: this.#errors })
    this.#closers.push(() => site.close())
    this.#sites.push(site)
  }

  #child(name: 'callers' | 'judge', place: object): Child {
    const child = Child.run(this.#options.programs.pathOf(name), [JSON.stringify(place)])
    this.#closers.push(() => child.end())
    return child
  }

  async #ask<T>(child: Child | undefined, order: string, limitMs: number): Promise<T> {
    return (await child?.ask<T>({ do: order }, limitMs)) as T
  }

  #cutLinks(cutters: readonly Cutter[]): void {
    const timer = setInterval(() => this.#random.pick(cutters)?.cutOne(), cutEveryMs)
    this.#closers.push(() => clearInterval(timer))
  }

  get #acknowledged(): number {
    return (this.#called.words['ok'] ?? 0) + (this.#keyed?.words['ok'] ?? 0)
  }

  get #isBroken(): boolean {
    return this.#trouble !== undefined || this.#verdict.examples.length > 0
  }

  get #mayContinue(): boolean {
    const { kills, seconds } = this.#options
    return !this.#isOver && countOf(this.#counts) < kills && this.#seconds < seconds
  }

  /** The faults of one server, one after the other. */
  async #lane(site: Site): Promise<void> {
    for (;;) {
      await this.#work()
      await this.#until(() => false, this.#random.between(0, this.#options.pauseMs))
      if (!this.#mayContinue) return
      const fault = this.#draw()
      this.#isAloneBusy ||= fault.isAlone === true
      try {
        await withLimit(this.#do(fault, site), faultMs, fault.name)
      } catch (error) {
        this.#isOver = true
        throw error
      } finally {
        if (fault.isAlone === true) this.#isAloneBusy = false
      }
    }
  }

  /** Until some calls were answered since the last fault: else servers would be killed that do nothing. */
  #work(): Promise<void> {
    const before = this.#acknowledged
    return this.#until(() => this.#acknowledged >= before + workCalls, workMs)
  }

  /** Until this is so, the time is over, or the run is. */
  async #until(isSo: () => boolean, mostMs: number): Promise<void> {
    const endAtMs = performance.now() + mostMs
    while (this.#mayContinue && !isSo() && performance.now() < endAtMs) await sleep(20)
  }

  async #do(fault: Fault, site: Site): Promise<void> {
    const world = this.#world as FaultWorld
    let done = fault
    if (!(await fault.run(site, world))) {
      // What it was armed for must not come later.
      await killedAnyTime.run(site, world)
      done = killedAnyTime
    }
    this.#counts[done.name] = (this.#counts[done.name] ?? 0) + 1
    await site.comeBack()
  }

  #draw(): Fault {
    const world = this.#world as FaultWorld
    const possible = faults.filter((fault) => fault.isPossible(world) && !(fault.isAlone === true && this.#isAloneBusy))
    let at = this.#random.next() * possible.reduce((sum, { weight }) => sum + weight, 0)
    for (const fault of possible) {
      at -= fault.weight
      if (at < 0) return fault
    }
    return killedAnyTime
  }

  /** Until it is over: progress, and a look of the judge now and then. A broken promise ends the run. */
  async #look(): Promise<void> {
    let lookedAtMs = performance.now()
    while (!this.#isOver) {
      await sleep(countEveryMs)
      this.#called = await this.#ask<CallerCounts>(this.#callers, 'counts', 60_000)
      this.#options.onProgress({
        faults: countOf(this.#counts),
        acknowledged: this.#acknowledged,
        seconds: this.#seconds,
      })
      if (performance.now() - lookedAtMs < lookEveryMs) continue
      lookedAtMs = performance.now()
      // The store may be away, or throw the judge out.
      const verdict = await this.#ask<Verdict>(this.#judge, 'look', 120_000).catch(() => noBreaches)
      if (Object.values(verdict.breaches).some((count) => count > 0)) {
        this.#verdict = verdict
        this.#isOver = true
      }
    }
  }

  #removeFolder(): void {
    closeSync(this.#errors)
    if (!this.#isBroken) rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A port below those that the system gives to connections: else one of these may take it while its server is away. */
async function freeLowPort(random: SeededRandom): Promise<number> {
  for (let i = 0; i < 100; i++) {
    // Not of the seed alone: several runs may share a machine.
    const port = 20_000 + ((random.between(0, 9_999) + process.pid * 7) % 10_000)
    if (await isFree(port)) return port
  }
  throw new Error('there is no free port between 20000 and 30000')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

async function withLimit<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  const aborter = new AbortController()
  const late = sleep(limitMs, undefined, { signal: aborter.signal }).then(() => {
    throw new Error(`${what} took over ${limitMs} ms`)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    aborter.abort()
  }
}
