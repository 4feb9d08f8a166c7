// Filters and sort keys that a client sent: what they may ask for is what the program says.
import { expect } from 'chai'
import { type Database, InvalidDataError, parseFilter, parseSort } from 'isock/data'
import { models, Team, User } from './models.ts'
import { openDatabase } from './stores.ts'

const fields = ['age', 'name', 'joinedAt', 'team.name', 'team.lead.joinedAt'] as const

describe('parseFilter', () => {
  let database: Database

  before(async () => {
    database = await openDatabase({ options: {}, remove: async () => undefined }, { models })
    await database.transaction(async (db) => {
      const team = await db.create(Team, { name: 'red' })
      for (const age of [10, 20, 30]) {
        const joinedAt = new Date(Date.UTC(2026, 0, age))
        team.lead = (await db.create(User, { email: `${age}@x`, name: `n${age}`, age, team, joinedAt })).pk
      }
    })
  })

  after(() => database.close())

  const count = (filter: unknown): Promise<number> =>
    database.transaction((db) => db.count(User, parseFilter(filter, User, { fields })))

  const answered: [unknown, number][] = [
    [{}, 3],
    [{ age: 10 }, 1],
    [{ age: null }, 0],
    [{ age: { ge: 20 } }, 2],
    [{ age: { gt: 10, lt: 30 }, name: { contains: 'n' } }, 1],
    [{ age: { in: [10, 30], nin: [30] } }, 1],
    [{ age: { max: true }, name: { matches: '^n[12]' } }, 1],
    [{ 'team.name': { ne: 'blue' }, age: { min: true } }, 1],
    [JSON.parse('{ "age": { "eq": 20 } }'), 1],
    [{ joinedAt: '2026-01-10T00:00:00.000Z' }, 1],
    [{ joinedAt: '2026-01-20' }, 1],
    [{ joinedAt: '2026-01-20T01:30+01:30' }, 1],
    [{ joinedAt: new Date(Date.UTC(2026, 0, 20)) }, 1],
    [{ joinedAt: { gt: '2026-01-10', le: '2026-01-30T00:00:00Z' } }, 2],
    [{ joinedAt: { in: ['2026-01-10', '2026-01-30', null] } }, 2],
    [{ joinedAt: { nin: ['2026-01-10'] } }, 2],
    [{ joinedAt: { ne: null } }, 3],
    [{ joinedAt: { max: true } }, 1],
    [{ 'team.lead.joinedAt': { ge: '2026-01-30' } }, 3],
  ]
  for (const [filter, expected] of answered) {
    it(`reads ${JSON.stringify(filter)}`, async () => {
      expect(await count(filter)).to.equal(expected)
    })
  }

  const refused: [unknown, string][] = [
    [{ email: 'x' }, 'a filter of User may not use "email"; it may use age, name, joinedAt, team.name'],
    [{ password: 'x' }, 'a filter of User may not use "password"'],
    [{ 'team.lead.name': 'x' }, 'may not use "team.lead.name"'],
    [JSON.parse('{ "__proto__": 1 }'), 'may not use "__proto__"'],
    [{ constructor: 1 }, 'may not use "constructor"'],
    [{ age: { like: 1 } }, 'User.age: unknown operator "like"; there are eq, ne,'],
    [{ age: { and: [1] } }, 'unknown operator "and"'],
    [{ age: { toString: 1 } }, 'unknown operator "toString"'],
    [{ age: {} }, 'a condition without a value'],
    [{ age: { ge: undefined } }, 'a condition without a value'],
    [{ age: { ge: { ge: 1 } } }, 'User.age: expected a whole number'],
    [{ name: { contains: 7 } }, 'User.name: expected a text'],
    [
      { joinedAt: 'yesterday' },
      'User.joinedAt: expected a date such as "2026-11-28T21:30:00.000Z" or "2026-11-28", got "yesterday"',
    ],
    [{ joinedAt: '2026-02-30' }, 'User.joinedAt: expected a date such as'],
    [{ joinedAt: '2026-01-10T00:00:00' }, 'User.joinedAt: expected a date such as'],
    [{ joinedAt: { in: ['2026-13-01'] } }, 'User.joinedAt: expected a date such as'],
    [{ joinedAt: '0000-01-01' }, 'User.joinedAt: expected a valid Date'],
    [{ joinedAt: 1_768_000_000_000 }, 'User.joinedAt: expected a valid Date'],
    [{ joinedAt: { contains: '2026-01-10' } }, 'contains is for texts, lists and sets'],
    [{ 'team.lead.joinedAt': { lt: 'x'.repeat(50) } }, 'User.team.lead.joinedAt: expected a date such as'],
    [undefined, 'a filter of User must be an object'],
    [null, 'a filter of User must be an object'],
    [[{ age: 1 }], 'a filter of User must be an object'],
    ['age', 'a filter of User must be an object'],
    [Object.fromEntries(fields.map((name) => [name, manyConditions(50)])), 'unknown operator'],
  ]
  for (const [filter, message] of refused) {
    it(`refuses ${JSON.stringify(filter)?.slice(0, 60)}`, async () => {
      const error = await count(filter).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(InvalidDataError)
      expect((error as Error).message).to.include(message)
    })
  }

  it('lets a program say which conditions there are', () => {
    const read = (filter: unknown) => parseFilter(filter, User, { fields, operators: ['eq', 'ge'] })
    expect(Object.keys(read({ age: { ge: 1 }, name: 'x' }))).to.deep.equal(['age', 'name'])
    expect(() => read({ name: { matches: 'x' } })).to.throw(
      InvalidDataError,
      'unknown operator "matches"; there are eq, ge',
    )
  })

  function manyConditions(length: number): object {
    return Object.fromEntries(Array.from({ length }, (_, at) => [`x${at}`, 1]))
  }
})

describe('parseSort', () => {
  it('reads one key, several and none', () => {
    expect(parseSort('-age', User, { fields })).to.deep.equal(['-age'])
    expect(parseSort(['team.name', 'age'], User, { fields })).to.deep.equal(['team.name', 'age'])
    expect(parseSort(undefined, User, { fields })).to.deep.equal([])
  })

  for (const sort of ['email', '-password', 7, [['age']], { age: 1 }, Array.from({ length: 21 }, () => 'age')]) {
    it(`refuses ${JSON.stringify(sort).slice(0, 40)}`, () => {
      expect(() => parseSort(sort, User, { fields })).to.throw(InvalidDataError)
    })
  }
})
