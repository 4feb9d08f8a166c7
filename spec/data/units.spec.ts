// Units of work: what is kept together, what is not kept at all, and how they end.
import { expect } from 'chai'
import { ServerError } from 'isock'
import { ConflictError, type Database, StoreUnavailableError } from 'isock/data'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { models, Team, User } from './models.ts'
import { openDatabase, stores, type TestStore } from './stores.ts'

for (const kind of stores) {
  describe(`Units of work in ${kind.name}`, function () {
    this.timeout(180_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models, waitMs: 300 })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    afterEach(() => database.transaction((db) => db.drop(User, {}).then(() => db.drop(Team, {}))))

    const count = (): Promise<number> => database.transaction((db) => db.count(Team))

    it('keeps all of it when the work returns', async () => {
      await database.transaction(async (db) => {
        const team = await db.create(Team, { name: 'a' })
        await db.create(Team, { name: 'b' })
        team.name = 'c'
      })
      const names = await database.transaction(async (db) =>
        (await db.query(Team, {}, { sort: 'name' })).map((t) => t.name),
      )
      expect(names).to.deep.equal(['b', 'c'])
    })

    it('keeps nothing when the work throws', async () => {
      const error = await failureOf(
        database.transaction(async (db) => {
          await db.create(Team, { name: 'a' })
          await db.create(Team, { name: 'b' })
          throw new Error('no')
        }),
      )
      expect(error.message).to.equal('no')
      expect(await count()).to.equal(0)
    })

    it('keeps what came before and after a change that was refused', async () => {
      await database.transaction(async (db) => {
        await db.create(Team, { name: 'a' })
        expect(await failureOf(db.create(Team, { name: 'a' }))).to.be.instanceOf(ConflictError)
        await db.create(Team, { name: 'b' })
      })
      expect(await count()).to.equal(2)
    })

    it('takes back all of a change that was refused half-way', async () => {
      await database.transaction(async (db) => {
        const red = await db.create(Team, { name: 'red' })
        await db.create(Team, { name: 'blue' })
        await db.create(User, { email: 'a@b', team: red })
        expect(await failureOf(db.drop(await db.query(Team, {}, { sort: 'name' })))).to.be.instanceOf(ConflictError)
        expect(await db.count(Team)).to.equal(2)
      })
      expect(await count()).to.equal(2)
    })

    it('fails where what was assigned cannot be kept, and keeps nothing', async () => {
      const error = await failureOf(
        database.transaction(async (db) => {
          await db.create(Team, { name: 'a' })
          const team = await db.create(Team, { name: 'b' })
          team.name = 'a'
        }),
      )
      expect(error).to.be.instanceOf(ConflictError)
      expect(await count()).to.equal(0)
    })

    it('does one thing after the other, also where they are asked for at once', async () => {
      await database.transaction(async (db) => {
        const teams = await Promise.all(['a', 'b', 'c'].map((name) => db.create(Team, { name })))
        const [all] = await Promise.all([db.count(Team), db.drop(teams[0] as Team)])
        expect(all).to.equal(3)
      })
      expect(await count()).to.equal(2)
    })

    it('waits for what was asked for and not awaited', async () => {
      await database.transaction((db) => {
        db.create(Team, { name: 'a' }).catch(() => undefined)
      })
      expect(await count()).to.equal(1)
    })

    it('has ended with its work', async () => {
      const db = await database.transaction((inner) => ({ inner }))
      const error = await failureOf(db.inner.create(Team, { name: 'late' }))
      expect(error).to.be.instanceOf(ServerError)
      expect(error.message).to.include('this unit of work ended')
      expect(await count()).to.equal(0)
    })

    it('commits what was done so far where it is asked to', async () => {
      await failureOf(
        database.transaction(async (db) => {
          await db.create(Team, { name: 'kept' })
          await db.commit()
          await db.create(Team, { name: 'lost' })
          throw new Error('no')
        }),
      )
      expect(await count()).to.equal(1)
    })

    it('sees its own changes, and others only when they are committed', async () => {
      await database.transaction(async (db) => {
        expect(await db.count(Team)).to.equal(0)
        await database.transaction((other) => other.create(Team, { name: 'a' }))
        expect(await db.count(Team)).to.equal(1)
        await db.create(Team, { name: 'b' })
        expect(await db.count(Team)).to.equal(2)
      })
    })

    it('lets one change at a time with a lock', async () => {
      await database.transaction((db) => db.create(User, { email: 'a@b', age: 0 }))
      const own = await openDatabaseWithPatience()
      try {
        const add = (): Promise<void> =>
          own.transaction(async (db) => {
            const user = await db.get(User, { email: 'a@b' }, { lock: true })
            const seen = user.age ?? 0
            await new Promise((resolve) => setImmediate(resolve))
            user.age = seen + 1
          })
        await Promise.all(Array.from({ length: 10 }, add))
        const user = await own.transaction((db) => db.get(User, { email: 'a@b' }))
        expect(user.age).to.equal(10)
      } finally {
        if (own !== database) await own.close()
      }
    })

    it('reads anew what it locks', async () => {
      await database.transaction((db) => db.create(User, { email: 'a@b', age: 0 }))
      await database.transaction(async (db) => {
        await db.get(User, { email: 'a@b' })
        await database.transaction((other) => other.update(User, { email: 'a@b' }, { age: 5 }))
        const user = await db.get(User, { email: 'a@b' }, { lock: true })
        expect(user.age).to.equal(5)
      })
    })

    longIt('makes many rows in a time that grows with their number, not faster', async () => {
      const perRow = async (count: number): Promise<number> => {
        // The processor's time, because others may use it too.
        const startedAt = process.cpuUsage()
        await failureOf(
          database.transaction(async (db) => {
            for (let at = 0; at < count; at++) await db.create(Team, { name: `${at}` })
            throw new Error('enough')
          }),
        )
        const { user, system } = process.cpuUsage(startedAt)
        return (user + system) / 1_000 / count
      }
      await perRow(300)
      const few = await perRow(300)
      expect(await perRow(3_000)).to.be.lessThan(few * 4 + 1)
    })

    it('heeds its signal, in the middle of the work and before it', async () => {
      const abort = new AbortController()
      const reason = new Error('enough')
      const error = await failureOf(
        database.transaction(
          async (db) => {
            await db.create(Team, { name: 'a' })
            abort.abort(reason)
            await db.create(Team, { name: 'b' })
          },
          { signal: abort.signal },
        ),
      )
      expect(error === reason).to.equal(true)
      expect(await count()).to.equal(0)
    })

    it('does not wait for the store where its signal aborts', async () => {
      const abort = new AbortController()
      const reason = new Error('enough')
      let goOn: (() => void) | undefined
      const held = database.transaction(async (db) => {
        await db.create(Team, { name: 'a' })
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      })
      await waitFor(() => goOn !== undefined, { what: 'the first unit to have begun', timeoutMs: 8_000 })
      const waiting = failureOf(database.transaction((db) => db.create(Team, { name: 'a' }), { signal: abort.signal }))
      setImmediate(() => abort.abort(reason))
      const first = await Promise.race([waiting, held])
      expect(first === reason).to.equal(true)
      goOn?.()
      await held
    })

    if (kind.name === 'libsql in a file') {
      it('keeps to references when the driver makes its connection anew', async () => {
        await database.transaction(async (db) =>
          db.create(User, { email: 'a@b', team: await db.create(Team, { name: 'a' }) }),
        )
        // The driver lets a connection to a file live for ten seconds.
        const { now } = Date
        Date.now = () => now() + 60_000
        try {
          const error = await failureOf(database.transaction((db) => db.drop(Team, {})))
          expect(error).to.be.instanceOf(ConflictError)
        } finally {
          Date.now = now
        }
      })
    }

    if (kind.name !== 'PostgreSQL') {
      it('waits for a unit that writes no longer than waitMs', async () => {
        await database.transaction(async (db) => {
          await db.create(Team, { name: 'a' })
          const error = await failureOf(database.transaction((other) => other.create(Team, { name: 'b' })))
          expect(error).to.be.instanceOf(StoreUnavailableError)
          expect(error.message).to.include('busy')
        })
        expect(await count()).to.equal(1)
      })
    }

    /** One whose units wait for each other longer than the suite's; a store in memory has no second one. */
    async function openDatabaseWithPatience(): Promise<Database> {
      if (store.options.url === 'memory:') return database
      return openDatabase(store, { models, waitMs: 20_000 })
    }
  })
}
