// Filters as lexicons spells them, translated and asked.
import { expect } from 'chai'
import { type Database, fromLexicons, InvalidDataError, parseFilter, parseSort } from 'isock/data'
import { failureOf } from '../setup/world.ts'
import { models, Team, User } from './models.ts'
import { describeIn, openDatabase, stores, type TestStore } from './stores.ts'

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
    [{ name__f: 'a', name__re: '^a' }, { name: { contains: 'a', matches: '^a' } }],
    [
      { name__find: 'a', tags__excludes: 'b' },
      { name: { contains: 'a' }, tags: { lacks: 'b' } },
    ],
    [{ tags__includes: 'a' }, { tags: { contains: 'a' } }],
    [
      { name__eq: 'Ann', age__in: [1], age__nin: [2] },
      { name: { eq: 'Ann' }, age: { in: [1], nin: [2] } },
    ],
    [{ age__min: 0 }, { age: { min: true } }],
    [{ age__max: '' }, { age: { max: true } }],
    [{ author__email__f: '@x' }, { 'author.email': { contains: '@x' } }],
    [
      { sort__eq: 1, limit__eq: 2, f: 3 },
      { sort: { eq: 1 }, limit: { eq: 2 }, f: { eq: 3 } },
    ],
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

  it("translate lexicons' own _sort and _limit", () => {
    const { filter, options } = fromLexicons({ _sort: '-team__name', _limit: 3, name: 'x' })
    expect(options).to.deep.equal({ sort: ['-team.name'], limit: 3 })
    expect(JSON.parse(JSON.stringify(filter))).to.deep.equal({ name: { eq: 'x' } })
    for (const none of ['', null]) expect(fromLexicons({ _sort: none }).options).to.deep.equal({})
  })

  it('refuse what would be asked twice, of which only one could be heard', () => {
    for (const twice of [
      { age: 1, age__eq: 2 },
      { age__ge: 1, age__gte: 2 },
      { name__f: 'a', name__has: 'b' },
    ])
      expect(() => fromLexicons(twice), JSON.stringify(twice)).to.throw(InvalidDataError, 'repeats the condition')
    for (const twice of [
      { _limit: 1, limit: 2 },
      { _sort: 'a', sort: 'b' },
    ])
      expect(() => fromLexicons(twice), JSON.stringify(twice)).to.throw(InvalidDataError, 'are the same')
  })

  const bads = [null, [], 'x', { limit: '3' }, { limit: -1 }, { sort: 7 }, { offset: 1.5 }]
  for (const bad of [...bads, { _limit: null }, { _limit: -1 }, { _limit: '3' }, { _sort: { a: 1 } }]) {
    it(`refuse ${JSON.stringify(bad)}`, () => {
      expect(() => fromLexicons(bad)).to.throw(InvalidDataError)
    })
  }

  it('have fields that are called like operators', () => {
    expect(fromLexicons({ min: 5, in: 'a', has__gt: 3, ref__max: true }).filter).to.deep.equal({
      min: { eq: 5 },
      in: { eq: 'a' },
      has: { gt: 3 },
      ref: { max: true },
    })
  })

  it('leave no trace on what all objects have', () => {
    const { filter } = fromLexicons(JSON.parse('{"__proto__": {"x": 1}, "__proto____gt": 2}'))
    expect(Object.getPrototypeOf(filter)).to.equal(null)
    expect(({} as Record<string, unknown>)['x']).to.equal(undefined)
  })

  for (const kind of stores) {
    describeIn(kind, `in ${kind.name}`, () => {
      let store: TestStore
      let database: Database

      before(async function () {
        store = await kind.make(this)
        database = await openDatabase(store, { models })
        await database.transaction(async (db) => {
          const team = await db.create(Team, { name: 'red' })
          for (const age of [10, 20, 30])
            await db.create(User, { email: `${age}@x`, age, team, name: `n${age}`, tags: [`t${age}`, 'all'] })
          await db.create(User, { email: 'none@y', tags: ['none'] })
        })
      })

      after(async () => {
        await database?.close()
        await store?.remove()
      })

      const fields = ['age', 'email', 'name', 'tags', 'team.name'] as const
      const ask = (keywords: object): Promise<string[]> =>
        database.transaction(async (db) => {
          const { filter, options } = fromLexicons(keywords)
          const rows = await db.query(User, parseFilter(filter, User, { fields }), {
            sort: parseSort(options.sort ?? 'email', User, { fields }),
            limit: options.limit ?? 10,
          })
          return rows.map(({ email }) => email)
        })

      const answers: [object, string[]][] = [
        [{ age__gt: 10, team__name: 'red', sort: '-age', limit: 1 }, ['30@x']],
        // Of the rows that match, not of those that come first.
        [{ age__gt: 10, _sort: 'age', _limit: 1 }, ['20@x']],
        [{ email__f: '0@' }, ['10@x', '20@x', '30@x']],
        [{ email__f: '.' }, []],
        [{ email__re: '^[12].@' }, ['10@x', '20@x']],
        [{ team__name__f: 'e', age__le: 20 }, ['10@x', '20@x']],
        [{ age__max: '' }, ['30@x']],
        [{ age__min: 0 }, ['10@x']],
        [{ age__in: [10, 30] }, ['10@x', '30@x']],
        [{ age__nin: [10, 30] }, ['20@x', 'none@y']],
        [{ tags__includes: 'all', age__lt: 30 }, ['10@x', '20@x']],
        [{ tags__excludes: 'all' }, ['none@y']],
        [{ name__excludes: 'n' }, []],
        [{ name__ne: 'n10', age__ge: 10 }, ['20@x', '30@x']],
      ]
      for (const [keywords, emails] of answers) {
        it(`answer ${JSON.stringify(keywords)}`, async () => {
          expect(await ask(keywords)).to.deep.equal(emails)
        })
      }

      const smuggled = [
        { email: { contains: '' } },
        { email: { ne: null } },
        { email__eq: { matches: '.' } },
        { email__f: { eq: 'x' } },
        { email__re: ['.'] },
        { email__in: { 0: 'x', length: 1 } },
        { age__gt: { max: true } },
        { 'email.ne': 'x' },
        { password: 'x' },
        { team__pk: 'x' },
        { email__re: '(a{1000}){1000}' },
        { email__re: '(' },
        { email__re: 'x'.repeat(1_001) },
      ]
      for (const keywords of smuggled) {
        it(`take a value for a value: ${JSON.stringify(keywords).slice(0, 60)}`, async () => {
          expect(await failureOf(ask(keywords))).to.be.instanceOf(InvalidDataError)
        })
      }
    })
  }
})
