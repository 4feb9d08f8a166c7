// Unique values of several rows that change in one unit of work: each is kept, with what else changed in its row.
import { expect } from 'chai'
import { ConflictError, type Database, field, Model } from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class Pet extends Model {
  name = field.text({ unique: true })
  mail = field.text({ unique: true, set: (text) => text.toLowerCase() })
  chip = field.text({ unique: true, optional: true })
  age = field.integer({ default: 0 })
}

for (const kind of stores) {
  describeIn(kind, `Unique values of several rows in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Pet] })
    })

    beforeEach(async () => {
      await database.transaction(async (db) => {
        await db.drop(Pet, {})
        for (const name of ['a', 'b', 'c']) await db.create(Pet, { name, mail: `${name}@x` })
      })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    const all = async (): Promise<unknown[]> => {
      const rows = await database.transaction((db) => db.query(Pet, {}, { sort: 'name' }))
      return rows.map(({ name, mail, chip, age }) => [name, mail, chip, age])
    }
    const change = (how: (row: Pet) => void): Promise<void> =>
      database.transaction(async (db) => {
        for (const row of await db.query(Pet)) how(row)
      })

    const changes: [string, (row: Pet) => void, (name: string) => unknown[]][] = [
      ['alone', (row) => (row.name += '2'), (name) => [`${name}2`, `${name}@x`, null, 0]],
      ['with a setter', (row) => (row.mail = `${row.name}@Y`), (name) => [name, `${name}@y`, null, 0]],
      ['that were null', (row) => (row.chip = String(row.name)), (name) => [name, `${name}@x`, name, 0]],
      [
        'with another value',
        (row) => Object.assign(row, { mail: `${row.name}@Z`, age: 3 }),
        (name) => [name, `${name}@z`, null, 3],
      ],
      [
        'all at once',
        (row) => Object.assign(row, { name: `${row.name}3`, mail: `${row.name}@W`, chip: row.name, age: 4 }),
        (name) => [`${name}3`, `${name}@w`, name, 4],
      ],
    ]
    for (const [what, how, expected] of changes) {
      it(`are kept: ${what}`, async () => {
        await change(how)
        expect(await all()).to.deep.equal(['a', 'b', 'c'].map(expected))
      })
    }

    it('are kept together: a conflict changes none', async () => {
      const error = await failureOf(change((row) => Object.assign(row, { chip: 'same', age: 9 })))
      expect(error).to.be.instanceOf(ConflictError)
      expect(await all()).to.deep.equal(['a', 'b', 'c'].map((name) => [name, `${name}@x`, null, 0]))
    })
  })
}
