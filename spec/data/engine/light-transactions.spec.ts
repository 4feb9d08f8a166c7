// Transactions of knex as MikroORM gets them: with what it uses, and nothing that knex would build for each.
import { expect } from 'chai'
import { field, Model } from 'isock/data'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { runIn } from '../../../lib/features/data/engine/durable-store.ts'
import { Engine, type Manager } from '../../../lib/features/data/engine/engine.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { failureOf } from '../../setup/world.ts'
import { stores, type TestStore } from '../stores.ts'

class Note extends Model {
  text = field.text()
}

/** What MikroORM has of a transaction. */
interface Transactor {
  readonly client: { readonly transacting: boolean }
  readonly executionPromise: Promise<unknown>
  isCompleted(): boolean
}

for (const kind of stores)
  describe(`A transaction of ${kind.name}`, () => {
    let store: TestStore
    let engine: Engine
    let manager: Manager
    let marksTable: string

    beforeEach(async function () {
      store = await kind.make(this)
      const publisher = { publish: async (): Promise<void> => undefined, report: (): void => undefined }
      const options = resolveDataOptions({ models: [Note], ...store.options, maxConnections: 1 })
      engine = await Engine.open(new Plans([Note]), options, publisher)
      manager = engine.fork()
      const { schema } = store.options
      marksTable = schema === undefined ? 'marks' : `"${schema}".marks`
      await run(`create table ${marksTable} (mark text primary key)`)
    })

    afterEach(async () => {
      await engine.close()
      await store.remove()
    })

    const run = (sql: string, by = engine.fork()) => runIn(by, sql, [])
    const begun = async (): Promise<Transactor> => {
      await manager.begin()
      return manager.getTransactionContext() as unknown as Transactor
    }
    const add = () => run(`insert into ${marksTable} values ('a')`, manager)
    const marks = async () => (await run(`select mark from ${marksTable}`)).map(({ mark }) => mark)

    it('is no knex of its own', async () => {
      const transactor = await begun()
      expect(transactor).to.be.an('object')
      expect(Object.keys(transactor)).to.have.members([
        'client',
        'isTransaction',
        'executionPromise',
        'commit',
        'rollback',
        'isCompleted',
      ])
      expect(transactor.client.transacting).to.equal(true)
      await manager.rollback()
    })

    it('keeps what it wrote when it is committed, and is over then', async () => {
      const transactor = await begun()
      await add()
      expect(transactor.isCompleted()).to.equal(false)
      await manager.commit()
      expect(transactor.isCompleted()).to.equal(true)
      await transactor.executionPromise
      expect(await marks()).to.deep.equal(['a'])
    })

    it('keeps nothing when it is rolled back, and gives its connection to others', async () => {
      for (let i = 0; i < 3; i++) {
        await begun()
        await add()
        await manager.rollback()
      }
      expect(await marks()).to.deep.equal([])
    })

    it('takes no statement once it is over', async () => {
      const transactor = await begun()
      await manager.commit()
      manager.setTransactionContext(transactor as never)
      expect((await failureOf(add())).message).to.include('Transaction query already complete')
      manager.resetTransactionContext()
      expect(await marks()).to.deep.equal([])
    })
  })
