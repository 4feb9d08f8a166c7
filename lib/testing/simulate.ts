// Runs a program's own actions through many schedules of faults, each in virtual time and by a seed.
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { invalidOption, requireCount, requirePositive } from '../core/base/options.ts'
import { type FaultKind, faultKinds, planFaults } from './fault-schedule.ts'
import { SeededRandom } from './seeded-random.ts'
import { type SimulatedWorld, World, type WorldOptions } from './simulated-world.ts'

export interface SimulateOptions extends Pick<WorldOptions, 'server' | 'client'> {
  /** Makes the server's actions, or a tree of them: at its start, and at each restart after a crash. */
  readonly actions: WorldOptions['actions']
  /** What the clients do. Faults happen meanwhile, so calls may fail: use `outcome()`. What it throws is a failure of the seed. */
  readonly scenario: (world: SimulatedWorld) => unknown
  /** Called when every call has settled: throws for what must not be, as with `assert`. Default: none. */
  readonly check?: (world: SimulatedWorld) => unknown
  /** How many seeds, from 1. Default 100. */
  readonly seeds?: number
  /** This one alone, as after a failure. */
  readonly seed?: number
  /** Default: 'cut', 'stall' and 'crash'. */
  readonly faults?: readonly FaultKind[]
  /** The most faults of a world. Default 4. */
  readonly maxFaults?: number
  /** Milliseconds of virtual time within which the scenario, and then the calls, have to settle. Default 3 600 000. */
  readonly limitMs?: number
}

const simulateOptions: OptionTable<SimulateOptions> = {
  actions: 'any',
  scenario: 'any',
  check: 'any',
  seeds: 'any',
  seed: 'any',
  faults: 'any',
  maxFaults: 'any',
  limitMs: 'any',
  server: 'any',
  client: 'any',
}

export interface Simulated {
  readonly seeds: number
  /** Runs at the servers, and faults, of all seeds together. */
  readonly calls: number
  readonly faults: number
}

/** The scenario failed with this seed. The message has the schedule; `cause` is what was thrown. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly seed: number
  /** What had happened, in lines. */
  readonly schedule: readonly string[]

  constructor(seed: number, schedule: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const lines = schedule.length === 0 ? ['  no fault'] : schedule
    super(`seed ${seed}: ${reason}\n${lines.join('\n')}\nrun it again: simulate({ seed: ${seed}, ... })`, { cause })
    this.seed = seed
    this.schedule = schedule
  }
}

/**
 * Runs a scenario in a world of each seed, while its connections are cut and stalled and its server crashes. After each it checks that
 * every call has settled, what `check` asserts, and that no timer is left. The same seed gives the same world, as long as the scenario and
 * the actions use the world's time and randomness.
 *
 * @throws SimulationError for the first seed that fails; ClientError (`INVALID_OPTION`).
 * @example
 * await simulate({
 *   actions: ({ store }) => [new Deposit(store)],
 *   scenario: async ({ client }) => {
 *     for (let i = 0; i < 5; i++) await client.runAction(Deposit, 1).outcome()
 *   },
 *   check: ({ store }) => assert.ok(Number(store.get('balance')) <= 5),
 * })
 */
export async function simulate(options: SimulateOptions): Promise<Simulated> {
  checkOptions('simulate', options, simulateOptions)
  const { seeds = 100, seed, faults = faultKinds, maxFaults = 4, limitMs = 3_600_000 } = options
  for (const name of ['actions', 'scenario'] as const)
    if (typeof options[name] !== 'function') throw invalidOption(name, 'a function', options[name])
  if (!Array.isArray(faults) || faults.some((kind) => !faultKinds.includes(kind)))
    throw invalidOption('faults', "a list of 'cut', 'stall' and 'crash'", faults)
  requireCount('seeds', seeds)
  requireCount('maxFaults', maxFaults)
  requirePositive('limitMs', limitMs)
  const total = { seeds: 0, calls: 0, faults: 0 }
  const first = seed ?? 1
  const last = seed ?? seeds
  for (let each = first; each <= last; each++) {
    const world = await simulateOne(each, { ...options, faults, maxFaults, limitMs })
    total.seeds++
    total.calls += world.calls.length
    total.faults += world.faults.length
  }
  return total
}

type Resolved = SimulateOptions & Required<Pick<SimulateOptions, 'faults' | 'maxFaults' | 'limitMs'>>

async function simulateOne(seed: number, options: Resolved): Promise<World> {
  const world = new World(seed, options)
  try {
    await world.start()
    if (options.maxFaults > 0) world.suffer(planFaults(new SeededRandom(seed), options.faults, options.maxFaults))
    await world.until(Promise.resolve(options.scenario(world)), 'the scenario')
    await world.makePeace()
    await world.untilSettled()
    if (options.check !== undefined) await world.until(Promise.resolve(options.check(world)), 'the check')
    await world.close()
  } catch (error) {
    // What the failure left may never end: it is not waited for beyond this.
    await world.close().catch(() => undefined)
    throw new SimulationError(seed, world.faults, error)
  }
  return world
}
