// A database that is closed while it is used, and one that is used when it is not open.

import { expect } from 'chai'
import { Action, type Context, MemoryNetwork, Server, ServerError } from 'isock'
import type { Database } from 'isock/data'
import { data } from '../../lib/data.ts'
import { failureOf } from '../setup/world.ts'
import { Counter } from './counter.ts'
import { openDatabase, stores, type TestStore } from './stores.ts'

for (const kind of stores) {
  describe(`A database that is closed, in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    beforeEach(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Counter], waitMs: 60_000 })
    })

    afterEach(async () => {
      await database?.close()
      await store?.remove()
    })

    it('does not wait for units that never end: they are rolled back and told so', async () => {
      let goOn = (): void => undefined
      const gate = new Promise<void>((resolve) => {
        goOn = resolve
      })
      let begun = (): void => undefined
      const isBegun = new Promise<void>((resolve) => {
        begun = resolve
      })
      const unit = database.transaction(async (db) => {
        await db.create(Counter, { name: 'never' })
        begun()
        await gate
        const error = await failureOf(db.create(Counter, { name: 'late' }))
        expect(error).to.be.instanceOf(ServerError)
        // What it caught does not make it succeed.
      })
      await isBegun
      await database.close()
      if (kind.name !== 'libsql in memory') {
        const other = await openDatabase(store, { models: [Counter] })
        // Nothing is held for it any more.
        await other.transaction((db) => db.create(Counter, { name: 'never' }))
        await other.close()
      }
      goOn()
      const error = await failureOf(unit)
      expect(error).to.be.instanceOf(ServerError).and.to.include({ code: 'INVALID_USAGE' })
      expect(error.message).to.equal('the database was closed; uncommitted changes are lost')
    })

    it('tells units that have only read at once, and does not take it for a store that is away', async () => {
      const error = await failureOf(
        database.transaction(async (db) => {
          await db.count(Counter)
          await database.close()
          await db.count(Counter)
        }),
      )
      expect(error.message).to.equal('the database was closed; uncommitted changes are lost')
    })

    it('is closed for whoever closes it again meanwhile, too, when all is released', async () => {
      let begun = (): void => undefined
      const isBegun = new Promise<void>((resolve) => {
        begun = resolve
      })
      let goOn = (): void => undefined
      const unit = database.transaction(async (db) => {
        await db.create(Counter, { name: 'never' })
        begun()
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      })
      await isBegun
      let isReleased = false
      const closing = database.close().then(() => {
        isReleased = true
      })
      // The first one has begun.
      await new Promise((resolve) => setImmediate(resolve))
      await database.close()
      expect(isReleased).to.equal(true)
      await closing
      goOn()
      expect((await failureOf(unit)).message).to.include('the database was closed')
    })

    it('says so to whoever comes later, as often as it is closed', async () => {
      await database.close()
      await database.close()
      const operations = [
        () => database.transaction((db) => db.count(Counter)),
        () => database.migrate(),
        () => database.save('nowhere'),
        () => database.load('nowhere'),
      ]
      for (const operation of operations) {
        const error = await failureOf(operation())
        expect(error).to.include({ code: 'INVALID_USAGE', message: 'this database was closed' })
      }
      expect((await failureOf(database.open())).message).to.include('this database was closed')
    })
  })
}

describe('The database of a server', () => {
  class Count extends Action {
    async action(_: undefined, { db }: Context): Promise<number> {
      return db.count(Counter)
    }
  }

  it('says that it is not open before the server listens, and that it was closed afterwards', async () => {
    const server = new Server({
      address: 'memory:x',
      network: new MemoryNetwork(),
      features: [data({ models: [Counter] })],
    })
    server.addAction(new Count())
    const use = () => failureOf(server.db.transaction((db) => db.count(Counter)))
    expect(await use()).to.include({ code: 'INVALID_USAGE', message: 'this database is not open; await open() first' })
    await server.listen()
    expect(await server.db.transaction((db) => db.count(Counter))).to.equal(0)
    await server.shutdown()
    expect(await use()).to.include({ code: 'INVALID_USAGE', message: 'this database was closed' })
  })
})
