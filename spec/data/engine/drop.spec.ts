// Drops of rows that refer to each other.
import { expect } from 'chai'
import { ConflictError, type Database } from 'isock/data'
import { resolveDataOptions } from '../../../lib/features/data/data-options.ts'
import { Engine } from '../../../lib/features/data/engine/engine.ts'
import { migrate } from '../../../lib/features/data/engine/migrate.ts'
import { openUnit } from '../../../lib/features/data/engine/open-unit.ts'
import type { Unit } from '../../../lib/features/data/engine/unit.ts'
import type { OpenUnit } from '../../../lib/features/data/open-unit.ts'
import { Plans } from '../../../lib/features/data/plans.ts'
import { longIt } from '../../setup/long.ts'
import { failureOf } from '../../setup/world.ts'
import { ChatMessage, models, Team, User } from '../models.ts'
import { describeIn, openDatabase, stores, type TestStore } from '../stores.ts'

for (const kind of stores) {
  describeIn(kind, `A drop in ${kind.name}`, function () {
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

    longIt('takes many rows that refer to each other, whatever their order', () =>
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
      }),
    )

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

describe('A drop of what many rows refer to', () => {
  let engine: Engine

  before(async () => {
    engine = await Engine.open(new Plans(models), resolveDataOptions({ models }))
    await migrate(engine, {})
  })

  after(() => engine.close())

  /** As many statements as it takes to look for what refers to 500 of them each. */
  const findsOf = (unit: OpenUnit, onFind: (count: number) => void = () => undefined) => {
    const { manager } = unit as unknown as Unit
    const find = manager.find.bind(manager) as (...args: unknown[]) => Promise<unknown[]>
    const finds = { count: 0 }
    Object.assign(manager, {
      find: (...args: unknown[]) => {
        onFind(++finds.count)
        return find(...args)
      },
    })
    return finds
  }

  longIt(
    'looks for 500 of them at a time; for no more, and drops none, once nobody waits for it any more',
    async () => {
      const abort = new AbortController()
      const unit = openUnit(engine, undefined, { signal: abort.signal, label: 'a drop' })
      const teams: Team[] = []
      for (let at = 0; at < 1_000; at++) teams.push(await unit.db.create(Team, { name: `team ${at}` }))
      await unit.db.commit()
      const given = findsOf(unit, () => abort.abort())
      expect((await failureOf(unit.db.drop(teams, { cascade: ['User.team'] }))).name).to.equal('AbortError')
      await unit.finish(false)
      // There is one connection, which this gets when the drop has let go of it.
      const next = openUnit(engine, undefined, { signal: undefined, label: 'another drop' })
      const all = await next.db.query(Team)
      expect([all.length, given.count]).to.deep.equal([1_000, 1])
      const finds = findsOf(next)
      expect(await next.db.drop(all, { cascade: ['User.team'] })).to.equal(1_000)
      expect(finds.count).to.equal(2)
      await next.finish(true)
    },
  ).timeout(60_000)
})
