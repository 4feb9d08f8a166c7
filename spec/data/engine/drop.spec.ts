// Drops of rows that refer to each other.
import { expect } from 'chai'
import { ConflictError, type Database } from 'isock/data'
import { failureOf } from '../../setup/world.ts'
import { ChatMessage, models, Team, User } from '../models.ts'
import { openDatabase, stores, type TestStore } from '../stores.ts'

for (const kind of stores) {
  describe(`A drop in ${kind.name}`, function () {
    this.timeout(180_000)
    let store: TestStore
    let database: Database

    before(async function () {
      store = await kind.make(this)
      database = await openDatabase(store, { models })
    })

    after(async () => {
      await database?.close()
      await store?.remove()
    })

    it('takes many rows that refer to each other, whatever their order', () =>
      database.transaction(async (db) => {
        const author = await db.create(User, { email: 'many' })
        let last: ChatMessage | null = null
        for (let at = 0; at < 700; at++)
          last = await db.create(ChatMessage, { author, content: `${at}`, replyTo: last })
        const rows = await db.query(ChatMessage)
        expect(
          await db.drop([...rows.filter((_, at) => at % 2 === 0), ...rows.filter((_, at) => at % 2 === 1)]),
        ).to.equal(700)
        expect(await db.count(ChatMessage)).to.equal(0)
      }))

    it('takes a circle of two rows of a model', () =>
      database.transaction(async (db) => {
        const author = await db.create(User, { email: 'circle' })
        const one = await db.create(ChatMessage, { author, content: 'one' })
        const other = await db.create(ChatMessage, { author, content: 'other', replyTo: one })
        one.replyTo = other.pk
        expect(await db.drop(one, { cascade: ['ChatMessage.replyTo'] })).to.equal(1)
        expect(await db.count(ChatMessage)).to.equal(0)
      }))

    it('takes a circle of two models', () =>
      database.transaction(async (db) => {
        const team = await db.create(Team, { name: 'circle' })
        const user = await db.create(User, { email: 'in a circle', team })
        team.lead = user.pk
        expect(await db.drop(team, { cascade: ['User.team', 'Team.lead'] })).to.equal(1)
        expect(await db.count(User, { email: 'in a circle' })).to.equal(0)
        expect(await db.count(Team)).to.equal(0)
      }))

    it('leaves rows followed where it is taken back', async () => {
      await database.transaction(async (db) => {
        const team = await db.create(Team, { name: 'kept' })
        const author = await db.create(User, { email: 'author' })
        const message = await db.create(ChatMessage, { author, content: 'before' })
        team.lead = author.pk
        // The message is dropped already when the team is found in the way.
        const error = await failureOf(db.drop(author, { cascade: ['ChatMessage.author'] }))
        expect(error).to.be.instanceOf(ConflictError)
        message.content = 'after'
      })
      const rows = await database.transaction((db) => db.query(ChatMessage))
      expect(rows.map(({ content }) => content)).to.deep.equal(['after'])
    })
  })
}
