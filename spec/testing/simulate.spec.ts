// Simulations of a user's actions: a planted bug is found, its seed fails again, and honest actions pass.
import { expect } from 'chai'
import { Action } from 'isock'
import { type SimulatedWorld, type SimulateOptions, SimulationError, simulate } from 'isock/testing'
import { Deposit, Rename } from '../../examples/testing/transfers.ts'
import { sizeOf } from '../setup/long.ts'

/** The planted bug: it adds, and says that it may run again. */
class CarelessDeposit extends Deposit {
  static override actionName = 'Deposit'
  static override idempotent = true
}

/** Within so many seeds the bug is found. */
const enough = 60

const scenario = async ({ client, store, sleep, random }: SimulatedWorld): Promise<void> => {
  let deposited = 0
  for (let i = 0; i < 6; i++) {
    const outcome = await client.runAction('Deposit', { amount: 1, id: String(i) }).outcome()
    if (outcome.ok) deposited++
    await client.runAction(Rename, `name ${i}`, { retry: 20 })
    await sleep(random() * 200)
  }
  store.set('deposited', deposited)
}

const check = ({ store }: SimulatedWorld): void => {
  expect(store.get('balance') ?? 0, 'balance').to.be.at.least(store.get('deposited') as number)
  expect(store.get('balance') ?? 0, 'balance').to.be.at.most(6)
  expect(store.get('name')).to.equal('name 5')
}

const honest: SimulateOptions = {
  actions: ({ store }) => [new Deposit(store), new Rename(store)],
  scenario,
  check,
}

async function failureOf(options: SimulateOptions): Promise<SimulationError> {
  const failure = await simulate(options).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).to.be.an.instanceOf(SimulationError)
  return failure as SimulationError
}

describe('A simulation', function () {
  this.timeout(120_000)

  it('passes for honest actions, and counts what happened', async () => {
    const many = sizeOf({ all: enough, few: 12 })
    const { seeds, calls, faults } = await simulate({ ...honest, seeds: many })
    expect(seeds).to.equal(many)
    expect(calls).to.be.at.least(many * 8)
    expect(faults).to.be.at.least(many / 2)
  })

  it(`finds a deposit that runs twice within ${enough} seeds, and again by its seed`, async () => {
    const careless: SimulateOptions = {
      ...honest,
      actions: ({ store }) => [new CarelessDeposit(store), new Rename(store)],
      scenario: async (world) => {
        for (let i = 0; i < 6; i++)
          await world.client.runAction(CarelessDeposit, { amount: 1, id: String(i) }).outcome()
        world.store.set('deposited', 0)
        world.store.set('name', 'name 5')
      },
    }
    const failure = await failureOf({ ...careless, seeds: enough })
    expect(failure.message).to.match(/^seed \d+: balance: expected \d+ to be at most 6\n +\d+ ms {2}\w+/)
    expect(failure.message).to.match(/run it again: simulate\(\{ seed: \d+, \.\.\. \}\)$/)
    const again = await failureOf({ ...careless, seed: failure.seed })
    expect(again.message).to.equal(failure.message)
    await simulate({ ...careless, seeds: enough, maxFaults: 0 })
  })

  it('finds a scenario that waits forever, and one that throws', async () => {
    const forever = await failureOf({ ...honest, scenario: () => new Promise(() => undefined), limitMs: 60_000 })
    expect(forever.message).to.match(/^seed 1: the scenario did not settle within 60000 virtual ms/)
    const thrown = await failureOf({ ...honest, scenario: () => Promise.reject(new Error('oh')), seed: 4711 })
    expect(thrown).to.include({ seed: 4711 })
    expect((thrown.cause as Error).message).to.equal('oh')
  })

  it('finds a call that never settles', async () => {
    class Stuck extends Action {
      action() {
        return new Promise<void>(() => undefined)
      }
    }
    const failure = await failureOf({
      actions: () => [new Stuck()],
      scenario: ({ client }) =>
        void client.runAction(Stuck, undefined, { timeoutMs: Number.POSITIVE_INFINITY }).outcome(),
      maxFaults: 0,
      limitMs: 600_000,
    })
    expect(failure.message).to.match(/^seed 1: calls that never settled: Stuck\n {2}no fault/)
  })

  it('finds a timer that is left', async () => {
    const leak = ({ clock }: SimulatedWorld): void => {
      const again = (): void => void clock.setTimer(again, 1_000)
      again()
    }
    const failure = await failureOf({ ...honest, scenario: leak, check: () => undefined, limitMs: 600_000 })
    expect(failure.message).to.match(/^seed 1: 1 timers are left/)
  })

  it('lets a check call the server, which is up then', async () => {
    await simulate({ ...honest, check: ({ client }) => client.runAction(Rename, 'checked'), seeds: 20 })
  })

  it('has no faults left for a check that takes its time', async () => {
    const patient = async ({ client, sleep, faults }: SimulatedWorld): Promise<void> => {
      const count = faults.length
      for (let i = 0; i < 20; i++) {
        await sleep(500)
        await client.runAction(Rename, 'checked')
      }
      expect(faults).to.have.length(count)
    }
    await simulate({ ...honest, scenario: () => undefined, check: patient, seeds: 20 })
  })

  it('refuses wrong options', async () => {
    for (const [options, name] of [
      [{ ...honest, actions: [] }, 'actions'],
      [{ ...honest, seeds: -1 }, 'seeds'],
      [{ ...honest, faults: ['flood'] }, 'faults'],
      [{ ...honest, sceanrio: 1 }, 'sceanrio'],
    ] as const) {
      const error = await simulate(options as never).catch((thrown: Error) => thrown)
      expect(String((error as Error).message)).to.match(new RegExp(name))
    }
  })
})
