// Durable transactions of PostgreSQL that do nothing for long hold locks that others wait for: the store ends them.
import { expect } from 'chai'
import { Database, field, Model, StoreUnavailableError } from 'isock/data'
import { beginUnit } from '../../../lib/features/data/database.ts'
import type { Row } from '../../../lib/features/data/durable/durable-store.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf } from '../../setup/world.ts'
import { stores, type TestStore } from '../stores.ts'

class Note extends Model {
  text = field.text()
}

for (const kind of stores.filter(({ name }) => name === 'PostgreSQL'))
  describe('A durable transaction that does nothing', () => {
    let store: TestStore
    let database: Database | undefined

    beforeEach(async function () {
      store = await kind.make(this)
    })

    afterEach(async () => {
      await database?.close()
      await store.remove()
    })

    async function open(more: object = {}): Promise<Database> {
      // On a busy machine a migration may do nothing for longer than the limits of these specs.
      const migrating = await new Database({ models: [Note], ...store.options }).open()
      await migrating.migrate()
      await migrating.close()
      database = await new Database({ models: [Note], ...store.options, ...more }).open()
      return database
    }

    async function limitOf(commitsOnce: boolean): Promise<unknown> {
      const unit = (database as Database)[beginUnit]({ signal: undefined, label: 'a unit', commitsOnce })
      let rows: readonly Row[] = []
      await unit.finish(true, async (run) => {
        rows = await run('show idle_in_transaction_session_timeout')
      })
      return Object.values(rows[0] ?? {})[0]
    }

    it('has ten seconds, other units what the options say', async () => {
      await open()
      expect(await limitOf(true)).to.equal('10s')
      expect(await limitOf(false)).to.equal('5min')
      await database?.close()
      await open({ idleTransactionMs: Number.POSITIVE_INFINITY })
      expect(await limitOf(true)).to.equal('10s')
      expect(await limitOf(false)).to.equal('0')
    })

    it('is ended by the store, and the error says so', async () => {
      const opened = await open({ idleTransactionMs: 1_000 })
      const unit = opened[beginUnit]({ signal: undefined, label: 'a unit', commitsOnce: true })
      await unit.db.create(Note, { text: 'lost' })
      // It is away when others can write what it has locked.
      await opened.transaction((db) => db.create(Note, { text: 'kept' }))
      let failure: Error | undefined
      await waitFor(
        async () => {
          failure = await unit.db.count(Note).then(
            () => undefined,
            (error: Error) => error,
          )
          if (failure === undefined) await new Promise((resolve) => setTimeout(resolve, 1_500))
          return failure !== undefined
        },
        { timeoutMs: 60_000 },
      )
      expect(failure).to.be.instanceOf(StoreUnavailableError)
      expect(failure?.message).to.contain('did nothing in it for 1 s')
      expect((await failureOf(unit.finish(true)))?.message).to.contain('before the first write')
      expect(await opened.transaction((db) => db.count(Note))).to.equal(1)
    })

    it('is ended by the store while its process stands still, and the error says so', async () => {
      const idleTransactionMs = 300
      const opened = await open({ idleTransactionMs })
      const unit = opened[beginUnit]({ signal: undefined, label: 'a unit', commitsOnce: true })
      await unit.db.create(Note, { text: 'lost' })
      // Flushed: the transaction is open.
      await unit.db.count(Note)
      // Not even the end of the connection is heard before the next statement is sent.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 * idleTransactionMs)
      const failure = await failureOf(unit.db.count(Note))
      expect(failure).to.be.instanceOf(StoreUnavailableError)
      expect(failure.message).to.contain('did nothing in it for 0.3 s')
      expect((await failureOf(unit.finish(true)))?.message).to.contain('before the first write')
      expect(await opened.transaction((db) => db.count(Note))).to.equal(0)
    })
  })
