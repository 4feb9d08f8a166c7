// The transactions of records: what another transaction has undone is done again, and nothing else.
import { expect } from 'chai'
import { Database, field, Model } from 'isock/data'
import { durableStore } from '../../../lib/features/data/database.ts'
import { failureOf } from '../../setup/world.ts'
import { lastingStores, type TestStore } from '../stores.ts'

class Note extends Model {
  text = field.text()
}

for (const kind of lastingStores)
  describe(`A transaction of records, ${kind.name}`, () => {
    let store: TestStore
    let database: Database

    beforeEach(async function () {
      store = await kind.make(this)
      database = await new Database({ models: [Note], ...store.options }).open()
    })

    afterEach(async () => {
      await database.close()
      await store.remove()
    })

    it('is run again after a deadlock or a serialization failure, and not after another error', async () => {
      const records = await database[durableStore]()
      const node = records.nameOf('isock_node')
      for (const code of ['40P01', '40001']) {
        let runs = 0
        await records.transaction(async (run) => {
          await run(`insert into ${node} (life, seen_at) values (?, 1)`, [code])
          if (++runs < 3) throw Object.assign(new Error('undone by the store'), { code })
        })
        expect(runs).to.equal(3)
      }
      let runs = 0
      const failure = await failureOf(
        records.transaction(async () => {
          runs++
          throw new Error('a fault')
        }),
      )
      expect([failure?.message, runs]).to.deep.equal(['a fault', 1])
      expect(await records.read(`select life from ${node} order by life`)).to.deep.equal([
        { life: '40001' },
        { life: '40P01' },
      ])
    })
  })
