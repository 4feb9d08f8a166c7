// A store that dies while it is used: what needs it fails or waits, the rest goes on, and it is found again.

import { expect } from 'chai'
import { Action, type Context, DeadlineError, OutcomeUnknownError } from 'isock'
import { Database, StoreUnavailableError } from 'isock/data'
import { createHarness, type Harness } from 'isock/testing'
import { data } from '../../lib/data.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { models, Team } from './models.ts'
import { Relay } from './relay.ts'
import { makePostgres, openDatabase, postgresUrl, queryPostgres, type TestStore } from './stores.ts'

class Add extends Action {
  async action(name: string, { db }: Context): Promise<number> {
    await db.create(Team, { name })
    return db.count(Team)
  }
}

class Has extends Action {
  async action(name: string, { db }: Context): Promise<boolean> {
    return (await db.count(Team, { name })) === 1
  }
}

/** Writes, waits until it is told to go on, and writes again. */
class AddTwo extends Action {
  begun = 0
  goOn: () => void = () => undefined
  async action(name: string, { db }: Context): Promise<void> {
    await db.create(Team, { name: `${name}1` })
    const told = new Promise<void>((resolve) => {
      this.goOn = resolve
    })
    this.begun++
    await told
    await db.create(Team, { name: `${name}2` })
  }
}

class Echo extends Action {
  action(text: string): string {
    return text
  }
}

describe('A PostgreSQL that dies', function () {
  this.timeout(120_000)
  let store: TestStore
  let relay: Relay
  let harness: Harness
  const addTwo = new AddTwo()

  before(async function () {
    store = await makePostgres(this)
    const database = await openDatabase(store, { models })
    await database.close()
  })

  after(() => store?.remove())

  beforeEach(async () => {
    relay = new Relay(postgresUrl)
    await relay.open()
    const options = { models, ...store.options, url: relay.url, waitMs: 4_000, statementTimeoutMs: 1_000 }
    harness = await createHarness({
      actions: [new Add(), new Has(), addTwo, new Echo()],
      server: { features: [data(options)] },
    })
  })

  afterEach(async () => {
    await harness.close()
    await relay.close()
    await queryPostgres(`delete from "${store.options.schema}"."Team"`)
  })

  longIt('does not hold up what needs no store; what needs it fails within waitMs, and says why', async () => {
    await relay.close()
    const failed = failureOf(harness.client.runAction(Add, 'a'))
    expect(await harness.client.runAction(Echo, 'x')).to.equal('x')
    const error = await failed
    expect(error).to.be.instanceOf(StoreUnavailableError)
    expect(error.message).to.include('the store is unreachable')
  })

  it('is waited for within the deadline of the call', async () => {
    await relay.close()
    const startedAt = performance.now()
    const error = await failureOf(harness.client.runAction(Add, 'a', { timeoutMs: 500 }))
    expect(error).to.be.instanceOf(DeadlineError)
    expect(performance.now() - startedAt).to.be.lessThan(3_500)
  })

  it('is found again by the calls that wait, and by the next ones', async () => {
    expect(await harness.client.runAction(Add, 'a')).to.equal(1)
    await relay.close()
    const waiting = harness.client.runAction(Add, 'b')
    const reading = harness.client.runAction(Has, 'a')
    await harness.client.runAction(Echo, 'x')
    await relay.open()
    expect(await waiting).to.equal(2)
    expect(await reading).to.equal(true)
    expect(await harness.client.runAction(Add, 'c')).to.equal(3)
  })

  it('takes with it what was done in its transaction, and says so', async () => {
    const before = addTwo.begun
    const call = failureOf(harness.client.runAction(AddTwo, 'x'))
    await waitFor(() => addTwo.begun > before, { timeoutMs: 10_000, what: 'the first row' })
    relay.cutLinks()
    addTwo.goOn()
    const error = await call
    expect(error).to.be.instanceOf(StoreUnavailableError)
    expect(error.message).to.include('nothing of what this action did was kept')
    expect(await harness.client.runAction(Has, 'x1')).to.equal(false)
    expect(await harness.client.runAction(Add, 'y')).to.equal(1)
  })

  it('that ends our connections by itself does no more harm', async () => {
    await harness.client.runAction(Add, 'a')
    const sql = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'isock' and query like '%' || $1 || '%'`
    await queryPostgres(sql, [store.options.schema])
    expect(await harness.client.runAction(Add, 'b')).to.equal(2)
  })

  it('leaves the outcome open where it dies during the commit', async () => {
    relay.onSent = (bytes) => /COMMIT/i.test(bytes.toString('latin1'))
    const error = await failureOf(harness.client.runAction(Add, 'a'))
    expect(error).to.be.instanceOf(OutcomeUnknownError)
    relay.onSent = undefined
    expect(await harness.client.runAction(Add, 'b')).to.be.a('number')
  })

  longIt('that goes silent is given up, and does not hold up the rest', async () => {
    await harness.client.runAction(Add, 'a')
    relay.silence()
    const silent = failureOf(harness.client.runAction(Add, 'b'))
    expect(await harness.client.runAction(Echo, 'x')).to.equal('x')
    expect(await silent).to.be.instanceOf(StoreUnavailableError)
    await relay.close()
    await relay.open()
    expect(await harness.client.runAction(Has, 'a')).to.equal(true)
  })

  it('ends a statement that takes too long', async () => {
    await harness.client.runAction(Add, 'a')
    const held = await openDatabase(store, { models })
    try {
      await held.transaction(async (db) => {
        await db.get(Team, { name: 'a' }, { lock: true })
        const other = new Database({ models, ...store.options, statementTimeoutMs: 300 })
        await other.open()
        try {
          const error = await failureOf(other.transaction((inner) => inner.update(Team, { name: 'a' }, { name: 'b' })))
          expect(error).to.be.instanceOf(StoreUnavailableError)
          expect(error.message).to.include('too long')
        } finally {
          await other.close()
        }
      })
    } finally {
      await held.close()
    }
  })

  it('gives back the connections of calls that were given up, while what they waited for goes on', async () => {
    const options = { models, ...store.options, waitMs: 4_000 }
    const patient = await createHarness({ actions: [new Add(), new Has()], server: { features: [data(options)] } })
    const held = await openDatabase(store, { models })
    try {
      await patient.client.runAction(Add, 'a')
      await held.transaction(async (db) => {
        await db.create(Team, { name: 'taken' })
        // Each waits for the end of the unit above, until its time is up. There are ten connections.
        const calls = Array.from({ length: 30 }, () =>
          failureOf(patient.client.runAction(Add, 'taken', { timeoutMs: 500 })),
        )
        for (const error of await Promise.all(calls)) expect(error).to.be.instanceOf(DeadlineError)
        expect(await patient.client.runAction(Has, 'a')).to.equal(true)
      })
      expect(await patient.client.runAction(Has, 'taken')).to.equal(true)
      expect(await patient.client.runAction(Add, 'b')).to.equal(3)
    } finally {
      await held.close()
      await patient.close()
    }
  })
})
