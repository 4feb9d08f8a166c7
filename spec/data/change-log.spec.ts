// Changes whose rows cannot be shown.
import { expect } from 'chai'
import { Channel } from 'isock'
import { type Change, Database, field, Model } from 'isock/data'

class News extends Channel<Change> {}

class Fragile extends Model {
  static override publishes = News
  name = field.text()
  get shout(): string {
    if (this.name === 'broken') throw new Error('cannot be computed')
    return this.name.toUpperCase()
  }
}

describe('A change whose row cannot be computed', () => {
  it('is reported, and neither undoes what is committed nor keeps others from being told', async () => {
    const published: unknown[] = []
    const reported: unknown[] = []
    const teller = {
      publish: async (_: unknown, message: unknown): Promise<never> => {
        published.push((message as Change).row['name'])
        return undefined as never
      },
      report: (error: unknown): void => void reported.push((error as Error).message),
    }
    await using database = await new Database({ models: [Fragile] }, teller as never).open()
    await database.migrate()
    await database.transaction(async (db) => {
      for (const name of ['one', 'broken', 'two']) await db.create(Fragile, { name })
    })
    expect(published).to.deep.equal(['one', 'two'])
    expect(reported).to.deep.equal(['cannot be computed'])
    expect(await database.transaction((db) => db.count(Fragile))).to.equal(3)
  })
})
