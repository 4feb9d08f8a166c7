// A store in a file, which the environment names: each call counts one more.
import { Action } from 'isock'
import { field, Model } from 'isock/data'

export class Tally extends Model {
  name = field.text({ unique: true })
  count = field.integer({ default: 0 })
}

export const data = { url: `file:${process.env['SPEC_STORE']}`, waitMs: 10_000 }

export class Count extends Action {
  async action(name, { db }) {
    const { row } = await db.getOrCreate(Tally, { name })
    const tally = await db.get(Tally, row.pk, { lock: true })
    await db.update(tally, { count: tally.count + 1 })
    return process.pid
  }
}

export class Counted extends Action {
  async action(_, { db }) {
    return (await db.query(Tally, {})).reduce((sum, { count }) => sum + count, 0)
  }
}
