// Many rows at once: they are made slice by slice, and are rows of their unit like any others.
import { expect } from 'chai'
import { type Database, field, Model } from 'isock/data'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class Leaf extends Model {
  at = field.integer({ index: true })
  text = field.text()
  labels = field.list('text')
}

const rowCount = 200

for (const kind of stores) {
  describeIn(kind, `Many rows at once, in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    beforeEach(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Leaf] })
      await database.transaction(async (db) => {
        for (let at = 0; at < rowCount; at++) await db.create(Leaf, { at, text: 'as it was', labels: [`l${at}`] })
      })
    })

    afterEach(async () => {
      await database?.close()
      await store?.remove()
    })

    it('are rows of the unit, and those that it has already stay as they are', async () => {
      await database.transaction(async (db) => {
        const first = await db.get(Leaf, { at: 0 })
        first.text = 'changed'
        first.labels.push('more')
        const rows = await db.query(Leaf, {}, { sort: 'at' })
        expect(rows.map(({ at }) => at)).to.deep.equal(Array.from({ length: rowCount }, (_, at) => at))
        expect(rows.map(({ labels }) => labels[0])).to.deep.equal(rows.map(({ at }) => `l${at}`))
        expect(rows[0]).to.equal(first)
        expect(first.text).to.equal('changed')
        const last = rows[rowCount - 1] as Leaf
        last.text = 'changed, too'
        last.labels.push('more')
        expect(await db.get(Leaf, { at: rowCount - 1 })).to.equal(last)
      })
      const changed = await database.transaction(async (db) =>
        (await db.query(Leaf, {}, { sort: 'at' })).filter(({ text }) => text !== 'as it was'),
      )
      expect(changed.map(({ at, text, labels }) => [at, text, labels.length])).to.deep.equal([
        [0, 'changed', 2],
        [rowCount - 1, 'changed, too', 2],
      ])
    })
  })
}
