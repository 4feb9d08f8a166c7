// A statement that PostgreSQL gives up in the middle of a unit of work: what was done before is kept, or its loss is told.
import { expect } from 'chai'
import { type Database, StoreUnavailableError } from 'isock/data'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { ChatMessage, models, Team } from './models.ts'
import { makePostgres, openDatabase, queryPostgres, type TestStore } from './stores.ts'

describe('A statement that PostgreSQL gives up', function () {
  this.timeout(120_000)
  let store: TestStore
  let database: Database

  before(async function () {
    store = await makePostgres(this)
    database = await openDatabase(store, { models, statementTimeoutMs: 500 })
  })

  after(async () => {
    await database?.close()
    await store?.remove()
  })

  afterEach(() => database.transaction((db) => db.drop(Team, {})))

  it('takes back no more than itself where it waited for a lock', async () => {
    await database.transaction((db) => db.create(Team, { name: 'held' }))
    let letGo: (() => void) | undefined
    const holder = database.transaction(async (db) => {
      await db.get(Team, { name: 'held' }, { lock: true })
      await new Promise<void>((resolve) => {
        letGo = resolve
      })
    })
    await waitFor(() => letGo !== undefined, { what: 'the row to be locked', timeoutMs: 8_000 })
    await database.transaction(async (db) => {
      await db.create(Team, { name: 'before' })
      const error = await failureOf(db.get(Team, { name: 'held' }, { lock: true }))
      expect(error).to.be.instanceOf(StoreUnavailableError)
      await db.create(Team, { name: 'after' })
    })
    letGo?.()
    await holder
    const names = await database.transaction(async (db) =>
      (await db.query(Team, {}, { sort: 'name' })).map(({ name }) => name),
    )
    expect(names).to.deep.equal(['after', 'before', 'held'])
  })

  longIt('fails the commit where it only read, because PostgreSQL then keeps nothing', async () => {
    const place = `"${store.options.schema}"."ChatMessage"`
    let isReleased = false
    const lock = queryPostgres(`begin; lock table ${place} in access exclusive mode; select pg_sleep(3); commit`).then(
      () => {
        isReleased = true
      },
    )
    const isLocked = async (): Promise<boolean> => {
      const sql = `select 1 from pg_locks where relation = '${place}'::regclass and mode = 'AccessExclusiveLock' and granted`
      return (await queryPostgres(sql)).length > 0
    }
    while (!(await isLocked())) expect(isReleased).to.equal(false)
    let told: unknown
    const unit = database.transaction(async (db) => {
      await db.create(Team, { name: 'lost' })
      told = await failureOf(db.count(ChatMessage))
      expect(isReleased, 'the lock was let go of').to.equal(false)
    })
    const error = await failureOf(unit)
    expect(told, String(error)).to.be.instanceOf(StoreUnavailableError)
    expect(error).to.be.instanceOf(StoreUnavailableError)
    expect(error.message).to.include('nothing of what it did was kept')
    await lock
    expect(await database.transaction((db) => db.count(Team))).to.equal(0)
  })

  it('is all that is left of a transaction in which nothing happens for too long', async () => {
    const patient = await openDatabase(store, { models, idleTransactionMs: 300 })
    try {
      const error = await failureOf(
        patient.transaction(async (db) => {
          await db.create(Team, { name: 'idle' })
          const held = `select 1 from pg_stat_activity where state like 'idle in transaction%' and query like '%' || $1 || '%'`
          await waitFor(async () => (await queryPostgres(held, [store.options.schema])).length === 0, {
            what: 'PostgreSQL to end the transaction',
            timeoutMs: 8_000,
          })
          await db.create(Team, { name: 'late' })
        }),
      )
      expect(error).to.be.instanceOf(StoreUnavailableError)
      expect(error.message).to.include('the connection to the store was lost; nothing of what this action did was kept')
      expect(await patient.transaction((db) => db.count(Team))).to.equal(0)
    } finally {
      await patient.close()
    }
  })
})
