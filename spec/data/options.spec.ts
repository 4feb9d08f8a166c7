// Options of a database and of what is done with it, that are wrong by their name.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { Database, field, Model, parseFilter, parseSort } from '../../lib/data.ts'

class Book extends Model {
  title = field.text()
}

async function refusalOf(make: () => unknown): Promise<string> {
  try {
    await make()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError).and.have.property('code', 'INVALID_OPTION')
    return (error as Error).message
  }
  throw new Error('it was not refused')
}

describe('Options of a database', () => {
  let database: Database
  before(async () => {
    database = await new Database({ models: [Book], url: 'memory:' }).open()
    await database.migrate()
  })
  after(() => database.close())

  it('that are unknown are refused, with the name that is meant', async () => {
    const work = (use: (db: never) => Promise<unknown>): Promise<unknown> =>
      database.transaction((db) => use(db as never))
    type Untyped = Record<string, (...args: unknown[]) => Promise<unknown>>
    const call =
      (name: string, ...args: unknown[]) =>
      (): Promise<unknown> =>
        work((db: Untyped) => (db[name] as Untyped[string])(...args))
    const wrong: Record<string, [make: () => unknown, expected: string]> = {
      transaction: [() => database.transaction(() => 1, { signl: 1 } as object), 'mean signal?'],
      migrate: [
        () => database.migrate({ dryrun: true } as object),
        'migrate: unknown option "dryrun"; did you mean dryRun?',
      ],
      save: [() => database.save('/nowhere', { formt: 'csv' } as object), 'mean format?'],
      load: [() => database.load('/nowhere', { replce: true } as object), 'mean replace?'],
      get: [call('get', Book, 'x', { lok: true }), 'mean lock?'],
      find: [call('find', Book, 'x', { limit: 1 }), 'find: unknown option "limit"'],
      query: [call('query', Book, {}, { limt: 1 }), 'mean limit?'],
      drop: [call('drop', Book, {}, { cascad: [] }), 'mean cascade?'],
      hydrate: [call('hydrate', [], { dept: 1 }), 'mean depth?'],
      field: [() => field.text({ uniqe: true } as object), 'mean unique?'],
      parseFilter: [() => parseFilter({}, Book, { fields: [], operatrs: [] } as never), 'mean operators?'],
      parseSort: [() => parseSort('x', Book, { feilds: [] } as never), 'mean fields?'],
    }
    for (const [what, [make, expected]] of Object.entries(wrong))
      expect(await refusalOf(make), what).to.contain(expected)
  })

  it('that protect are refused as undefined', async () => {
    const undefinedOnes: [make: () => unknown, expected: string][] = [
      [() => parseFilter({}, Book, { fields: ['title'], operators: undefined } as never), 'option operators'],
      [() => field.text({ secret: undefined } as never), 'option secret'],
    ]
    for (const [make, expected] of undefinedOnes) expect(await refusalOf(make)).to.contain(expected)
  })
})
