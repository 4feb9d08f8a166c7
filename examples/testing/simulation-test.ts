// A simulation under node:test: actions go through 60 schedules of faults each, and a planted bug is found.
// Run it: node --import tsx --test examples/testing/simulation-test.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SimulatedWorld, SimulationError, simulate } from 'isock/testing'
import { Deposit, Rename } from './transfers.ts'

/** The planted bug: it adds, and says that it may run again. */
class CarelessDeposit extends Deposit {
  static override actionName = 'Deposit'
  static override idempotent = true
}

const deposits = 6

/** Takes no time but that of the messages and of its pauses, which is virtual. */
const scenario =
  (action: typeof Deposit) =>
  async ({ client, sleep, random }: SimulatedWorld): Promise<void> => {
    for (let i = 0; i < deposits; i++) {
      // After a fault its outcome may be unknown: then nobody may deposit again.
      await client.runAction(action, { amount: 1, id: String(i) }).outcome()
      await client.runAction(Rename, `account ${i}`, { retry: 20 })
      await sleep(random() * 200)
    }
  }

const check = ({ store }: SimulatedWorld): void => {
  assert.ok(Number(store.get('balance') ?? 0) <= deposits, `a balance of ${store.get('balance')}`)
  assert.equal(store.get('name'), 'account 5')
}

test('no deposit runs twice', async () => {
  await simulate({
    actions: ({ store }) => [new Deposit(store), new Rename(store)],
    scenario: scenario(Deposit),
    check,
    seeds: 60,
  })
})

test('a deposit that may run again is found within 60 seeds', async () => {
  const options = {
    actions: ({ store }: SimulatedWorld) => [new CarelessDeposit(store), new Rename(store)],
    scenario: scenario(CarelessDeposit),
    check,
  }
  const failure = await simulate({ ...options, seeds: 60 }).catch((error: unknown) => error)
  assert.ok(failure instanceof SimulationError)
  console.log(failure.message)
  await assert.rejects(simulate({ ...options, seed: failure.seed }), { message: failure.message })
})
