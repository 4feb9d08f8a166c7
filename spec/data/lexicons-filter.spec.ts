// Filters as lexicons spells them, translated and asked.
import { expect } from 'chai'
import { type Database, fromLexicons, InvalidDataError, parseFilter, parseSort } from 'isock/data'
import { models, Team, User } from './models.ts'
import { openDatabase } from './stores.ts'

describe("lexicons' filters", () => {
  const cases: [object, object][] = [
    [{ name: 'Ann' }, { name: { eq: 'Ann' } }],
    [{ age__gt: 1, age__lt: 9 }, { age: { gt: 1, lt: 9 } }],
    [{ age__gte: 1, age__lte: 9 }, { age: { ge: 1, le: 9 } }],
    [
      { name__ne: 'x', name__in: ['a'], role__nin: [] },
      { name: { ne: 'x', in: ['a'] }, role: { nin: [] } },
    ],
    [{ name__has: 'a', name__regex: '^a' }, { name: { contains: 'a', matches: '^a' } }],
    [{ age__max: '' }, { age: { max: true } }],
    [{ team__name: 'red' }, { 'team.name': { eq: 'red' } }],
    [{ team__lead__age__ge: 3 }, { 'team.lead.age': { ge: 3 } }],
    [{ __proto__: null, constructor: 1 }, { constructor: { eq: 1 } }],
  ]
  for (const [keywords, filter] of cases) {
    it(`translate ${JSON.stringify(keywords)}`, () => {
      expect(JSON.parse(JSON.stringify(fromLexicons(keywords).filter))).to.deep.equal(filter)
    })
  }

  it('translate sort, limit and offset', () => {
    const { options } = fromLexicons({ sort: ['-team__name', 'age'], limit: 3, offset: 0 })
    expect(options).to.deep.equal({ sort: ['-team.name', 'age'], limit: 3, offset: 0 })
  })

  for (const bad of [null, [], 'x', { limit: '3' }, { limit: -1 }, { sort: 7 }, { offset: 1.5 }]) {
    it(`refuse ${JSON.stringify(bad)}`, () => {
      expect(() => fromLexicons(bad)).to.throw(InvalidDataError)
    })
  }

  it('leave no trace on what all objects have', () => {
    const { filter } = fromLexicons(JSON.parse('{"__proto__": {"x": 1}, "__proto____gt": 2}'))
    expect(Object.getPrototypeOf(filter)).to.equal(null)
    expect(({} as Record<string, unknown>)['x']).to.equal(undefined)
  })

  it('are answered by a store', async () => {
    const database: Database = await openDatabase({ options: {}, remove: async () => undefined }, { models })
    await database.transaction(async (db) => {
      const team = await db.create(Team, { name: 'red' })
      for (const age of [10, 20, 30]) await db.create(User, { email: `${age}@x`, age, team })
      const { filter, options } = fromLexicons({ age__gt: 10, team__name: 'red', sort: '-age', limit: 1 })
      const fields = ['age', 'team.name'] as const
      const rows = await db.query(User, parseFilter(filter, User, { fields }), {
        sort: parseSort(options.sort, User, { fields }),
        limit: options.limit ?? 10,
      })
      expect(rows.map(({ age }) => age)).to.deep.equal([30])
    })
    await database.close()
  })
})
