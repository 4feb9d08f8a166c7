// Secret fields: hashed once, and never to be seen where they need not be.
import { inspect } from 'node:util'
import { expect } from 'chai'
import { type Database, field, hashPassword, InvalidDataError, Model, verifyPassword } from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

class Account extends Model {
  email = field.text({ unique: true })
  password = field.password()
  token = field.text({ secret: true, optional: true, unique: true })
  label = field.text({ optional: true, set: async (text) => `<${text}>` })
}

/** The fields that a copy would have, at each time at which the row was shown to its model. */
const fieldsSeen: string[] = []

class Watched extends Model {
  token = field.text({ secret: true })
  label = field.text({ set: (text) => `<${text}>` })
  seen = field.computed('boolean', (row: Watched) => fieldsSeen.push(Object.keys(row).join()) > 0)
}

for (const kind of stores) {
  describeIn(kind, `Secret fields in ${kind.name}`, function () {
    this.timeout(120_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models: [Account, Watched] })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    afterEach(() => database.transaction((db) => db.drop(Account, {})))

    it('are hashed when they are set, and not again when they are loaded and saved', async () => {
      const { pk } = await database.transaction((db) => db.create(Account, { email: 'a@b', password: 'first' }))
      const hashed = await database.transaction(async (db) => {
        const account = await db.get(Account, pk)
        account.email = 'c@d'
        return account.password
      })
      expect(hashed).to.match(/^\$argon2id\$/)
      await database.transaction(async (db) => {
        const account = await db.get(Account, pk)
        expect(account.email).to.equal('c@d')
        expect(account.password).to.equal(hashed)
        expect(await verifyPassword(account.password, 'first')).to.equal(true)
        expect(await verifyPassword(account.password, 'second')).to.equal(false)
      })
    })

    it('are hashed when they are assigned and updated', async () => {
      await database.transaction(async (db) => {
        const account = await db.create(Account, { email: 'a@b', password: 'first' })
        account.password = 'second'
        expect(() => account.password).to.throw(InvalidDataError, 'is not ready to be read; await db.flush() first')
        await db.flush()
        expect(await verifyPassword(account.password, 'second')).to.equal(true)
        await db.update(account, { password: 'third' })
      })
      await database.transaction(async (db) => {
        const account = await db.get(Account, { email: 'a@b' })
        expect(await verifyPassword(account.password, 'third')).to.equal(true)
        account.password = 'fourth'
        account.password = 'fifth'
      })
      const { password } = await database.transaction((db) => db.get(Account, { email: 'a@b' }))
      expect(await verifyPassword(password, 'fifth')).to.equal(true)
    })

    it('fail the action where they cannot be hashed', async () => {
      for (const password of ['', 'x'.repeat(1_025)]) {
        const created = database.transaction((db) => db.create(Account, { email: 'a@b', password }))
        expect(await failureOf(created)).to.be.instanceOf(InvalidDataError)
      }
      const assigned = database.transaction(async (db) => {
        const account = await db.create(Account, { email: 'a@b', password: 'x' })
        account.password = ''
      })
      expect(await failureOf(assigned)).to.be.instanceOf(InvalidDataError)
      expect(await database.transaction((db) => db.count(Account))).to.equal(0)
    })

    it('are in no dictionary, no JSON and nothing that a console shows', async () => {
      await database.transaction(async (db) => {
        const account = await db.create(Account, { email: 'a@b', password: 'first', token: 'hush-hush', label: 'x' })
        const shown = [
          JSON.stringify(account),
          JSON.stringify(account.toDict()),
          inspect(account),
          inspect([{ account }]),
        ]
        for (const text of [...shown, JSON.stringify(await db.hydrate(account))]) {
          expect(text).to.include('a@b').and.to.include('<x>')
          expect(text).to.not.match(/argon2|hush|password|token|set_/)
        }
        expect(account.token).to.equal('hush-hush')
      })
    })

    it('are in no copy of a row', async () => {
      const { pk } = await database.transaction((db) =>
        db.create(Account, { email: 'a@b', password: 'first', token: 'hush-hush', label: 'x' }),
      )
      await database.transaction(async (db) => {
        const made = await db.create(Account, { email: 'c@d', password: 'first', token: 'hush', label: 'x' })
        for (const row of [await db.get(Account, pk), made]) {
          expect(Object.keys(row)).to.include.members(['pk', 'email'])
          for (const copy of [{ ...row }, Object.assign({}, row), Object.fromEntries(Object.entries(row))])
            expect(inspect(copy)).to.not.match(/argon2|hush|password|token|set_/)
        }
      })
    })

    it('are in no copy of a row that is being made', async () => {
      await database.transaction((db) => db.create(Watched, { token: 'hush', label: 'x' }))
      expect(fieldsSeen.length).to.be.at.least(1)
      for (const seen of fieldsSeen)
        expect(seen)
          .to.include('pk')
          .and.to.not.match(/token|set_/)
    })

    it('are in no error', async () => {
      await database.transaction(async (db) => {
        await db.create(Account, { email: 'a@b', password: 'first', token: 'hush-hush' })
        const errors = [
          await failureOf(db.create(Account, { email: 'a@b', password: 'second' })),
          await failureOf(db.create(Account, { email: 'c@d', password: 'second', token: 'hush-hush' })),
          await failureOf(db.create(Account, { email: 'e@f', password: 7 as never })),
          await failureOf(db.create(Account, { email: 'g@h', password: 'x', token: ['hush-hush'] as never })),
          await failureOf(db.create(Account, { email: 'i@j', password: 'x', token: 'hush-hush\0' })),
          await failureOf(db.update(Account, { email: 'a@b' }, { token: { hush: 1 } as never })),
        ]
        for (const error of errors) {
          const text = inspect(error, { depth: 9, showHidden: true })
          expect(text).to.not.match(/argon2|hush-hush|insert into|: 7\b/)
        }
      })
    })
  })
}

describe('Passwords', () => {
  it('are never verified by what is no hash, and no error tells', async () => {
    const hashed = await hashPassword('x')
    for (const bad of ['', 'x', '$argon2id$', `${hashed}x`, null, undefined])
      expect(await verifyPassword(bad, 'x'), String(bad)).to.equal(false)
    expect(await verifyPassword(hashed, 7 as never)).to.equal(false)
    expect(await verifyPassword(hashed, 'x'.repeat(2_000))).to.equal(false)
  })

  it('have another salt each time', async () => {
    expect(await hashPassword('x')).to.not.equal(await hashPassword('x'))
  })
})
