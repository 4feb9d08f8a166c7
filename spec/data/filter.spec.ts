// Filters without a value: whoever wrote `{ email }` did not mean all rows.
import { inspect } from 'node:util'
import { expect } from 'chai'
import {
  and,
  type Condition,
  contains,
  type Database,
  eq,
  ge,
  InvalidDataError,
  matches,
  max,
  min,
  noneOf,
  not,
  oneOf,
  or,
} from 'isock/data'
import { longIt } from '../setup/long.ts'
import { failureOf } from '../setup/world.ts'
import { models, User } from './models.ts'
import { openDatabase } from './stores.ts'

describe('A filter', () => {
  let database: Database

  before(async () => {
    database = await openDatabase({ options: {}, remove: async () => undefined }, { models })
    await database.transaction((db) => db.create(User, { email: 'ann@example.org' }))
  })

  after(() => database.close())

  const bad = [{ email: undefined }, { email: and() }, { age: ge(undefined as never) }, { 'team.name': undefined }]
  for (const filter of bad as never[]) {
    it(`is refused where a condition has no value: ${inspect(filter)}`, () =>
      database.transaction(async (db) => {
        const operations = [
          db.get(User, filter),
          db.find(User, filter),
          db.query(User, filter),
          db.count(User, filter),
          db.update(User, filter, { name: 'x' }),
          db.drop(User, filter),
          db.getOrCreate(User, filter),
        ]
        for (const operation of operations) {
          const error = await failureOf(operation)
          expect(error).to.be.instanceOf(InvalidDataError)
          expect(error.message).to.include('a condition without a value; leave the field out, or ask for null')
        }
        expect(await db.count(User)).to.equal(1)
      }))
  }

  describe('with an object where a value is meant', () => {
    const objects: Record<string, unknown>[] = [
      { contains: 'ann' },
      { max: true },
      { eq: 'ann@example.org' },
      { ne: null },
      { $ne: null },
      {},
      { 'isock.Condition': { operator: 'max', value: true } },
      Object.assign(Object.create(null) as object, { contains: 'ann' }) as never,
      // Whatever a condition becomes on its way through JSON, it is none.
      JSON.parse(JSON.stringify(contains('ann'))) as never,
    ]
    for (const object of objects) {
      it(`is refused, and never a condition: ${inspect(object)}`, () =>
        database.transaction(async (db) => {
          const filter = { email: object } as never
          const operations = [
            ...[() => db.get(User, filter), () => db.find(User, filter), () => db.query(User, filter)],
            ...[() => db.count(User, filter), () => db.update(User, filter, { name: 'x' })],
            ...[() => db.drop(User, filter), () => db.getOrCreate(User, filter), () => db.create(User, filter)],
            () => db.count(User, { 'team.name': object }),
            () => db.count(User, { email: eq<string>(object as never) }),
            () => db.count(User, { email: oneOf<string>([object as never]) }),
            () => db.count(User, { email: or<string>(object as never, eq('x')) }),
            () => db.update(User, {}, filter),
          ]
          for (const operation of operations) {
            const error = await failureOf(operation())
            expect(error).to.be.instanceOf(InvalidDataError)
            expect(error.message).to.include('expected a')
          }
          expect(await db.count(User, { name: 'x' })).to.equal(0)
        }))
    }

    it('is refused for a list and for JSON, too', () =>
      database.transaction(async (db) => {
        for (const filter of [
          { tags: { contains: 'a' } },
          { settings: { eq: null } },
          { settings: { a: 1 } },
        ] as never[])
          expect(await failureOf(db.count(User, filter))).to.be.instanceOf(InvalidDataError)
      }))
  })

  it('takes matches, min and max for all rows only', async () => {
    for (const condition of [or(matches('a'), eq('b')), not(matches('a')), not(min()), or(eq('a'), max())]) {
      const error = await failureOf(database.transaction((db) => db.count(User, { email: condition as never })))
      expect(error).to.be.instanceOf(InvalidDataError)
      expect(error.message).to.include('can be within and(), but neither within or() nor not()')
    }
  })

  it('is needed to change rows of a model', () =>
    database.transaction(async (db) => {
      const error = await failureOf(db.update(User, undefined as never, { name: 'x' }))
      expect(error).to.be.instanceOf(InvalidDataError)
      expect(await db.count(User, { name: 'x' })).to.equal(0)
    }))

  const costly: [string, string, Condition<string>][] = [
    ['compiles to a large automaton', 'is too complex', matches('a{1000}'.repeat(20))],
    ['would look long at a long text', 'too costly for a text of 100000 characters', matches('(?:[ac]?){500}[d-z]')],
  ]
  for (const [what, told, condition] of costly) {
    it(`refuses a regular expression that ${what}`, async () => {
      await database.transaction((db) => db.create(User, { email: what, name: 'ac'.repeat(50_000) }))
      const error = await failureOf(database.transaction((db) => db.count(User, { name: condition })))
      expect(error).to.be.instanceOf(InvalidDataError)
      expect(error.message).to.include(told)
      await database.transaction((db) => db.drop(User, { email: what }))
    })
  }

  it('refuses more than 10000 values in all of its lists', async () => {
    const texts = Array.from({ length: 5_000 }, (_, at) => `${at}`)
    const filter = { email: and(oneOf(texts), noneOf(texts)) }
    expect(await database.transaction((db) => db.count(User, filter))).to.equal(0)
    const error = await failureOf(database.transaction((db) => db.count(User, { ...filter, name: oneOf(['x']) })))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.equal('a filter of User has lists of more than 10000 values')
  })

  it('refuses to sort by more than 20 fields', async () => {
    const query = (length: number) =>
      database.transaction((db) => db.query(User, {}, { sort: Array.from({ length }, () => '-email' as const) }))
    expect((await query(20)).length).to.equal(1)
    const error = await failureOf(query(21))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.equal('more than 20 fields of User to sort by')
  })

  it('takes a long text without looking at each character', async () => {
    const text = 'x'.repeat(4_000_000)
    const beganAt = performance.now()
    // What it takes to look at each, on this machine.
    text.replace(/x/g, () => 'y')
    const eachMs = performance.now() - beganAt
    const tookMs = await database.transaction(async (db) => {
      const startedAt = performance.now()
      await db.find(User, { email: text })
      await db.find(User, text)
      return performance.now() - startedAt
    })
    // What MikroORM makes of a bare value took more than three seconds on a machine on which this took a fraction of one.
    expect(tookMs).to.be.lessThan(5 * eachMs)
  })

  it('refuses options that are none', () =>
    database.transaction(async (db) => {
      const user = await db.get(User, { email: 'ann@example.org' })
      for (const options of [null, 7] as never[]) {
        for (const operation of [
          () => db.query(User, {}, options),
          () => db.find(User, { name: 'x' }, options),
          () => db.get(User, user.pk, options),
          () => db.hydrate(user, options),
        ])
          expect(await failureOf(operation())).to.include({ name: 'ClientError', code: 'INVALID_OPTION' })
      }
      for (const depth of [65, -1, 1.5, '8'] as never[])
        expect((await failureOf(db.hydrate(user, { depth }))).message).to.include(
          'depth: expected a whole number of at',
        )
    }))

  it('refuses more than a few regular expressions', async () => {
    const fields = ['email', 'name', 'role', 'pk', 'team.name', 'team.pk']
    const filter = Object.fromEntries(fields.map((name) => [name, matches('x')]))
    const error = await failureOf(database.transaction((db) => db.count(User, filter)))
    expect(error).to.be.instanceOf(InvalidDataError)
    expect(error.message).to.equal('a filter of User has more than 5 regular expressions')
  })

  longIt('lets others go on while it looks at long texts', async () => {
    await database.transaction(async (db) => {
      for (let at = 0; at < 30; at++) await db.create(User, { email: `long ${at}`, name: 'ac'.repeat(5_000) })
    })
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    try {
      await database.transaction((db) => db.count(User, { name: matches('(?:[ac]?){50}[d-z]') }))
    } finally {
      clearInterval(timer)
    }
    // All in one turn without; what is looked at takes more than a second.
    expect(turns).to.be.greaterThan(5)
    await database.transaction((db) => db.drop(User, { email: contains('long') }))
  }).timeout(30_000)

  it('finds what getOrCreate made, where a setter changes the value', () =>
    database.transaction(async (db) => {
      const first = await db.getOrCreate(User, { email: ' BOB@example.org' })
      const again = await db.getOrCreate(User, { email: ' BOB@example.org' })
      expect([first.isNew, again.isNew]).to.deep.equal([true, false])
      expect(again.row.pk).to.equal(first.row.pk)
    }))
})
