// Conditions of filters: what each function makes, and what counts as one.
import { expect } from 'chai'
import {
  and,
  Condition,
  conditionOf,
  contains,
  eq,
  ge,
  gt,
  le,
  lt,
  matches,
  max,
  min,
  ne,
  noneOf,
  not,
  oneOf,
  operators,
  or,
  specOf,
} from '../../lib/features/data/condition.ts'

describe('A condition', () => {
  const made: readonly (readonly [unknown, object])[] = [
    [eq(1), { operator: 'eq', value: 1 }],
    [eq(null), { operator: 'eq', value: null }],
    [ne('a'), { operator: 'ne', value: 'a' }],
    [gt(1), { operator: 'gt', value: 1 }],
    [ge(1), { operator: 'ge', value: 1 }],
    [lt(1), { operator: 'lt', value: 1 }],
    [le(1), { operator: 'le', value: 1 }],
    [oneOf([1, null]), { operator: 'in', value: [1, null] }],
    [noneOf(['a']), { operator: 'nin', value: ['a'] }],
    [contains('a'), { operator: 'contains', value: 'a' }],
    [matches('^a'), { operator: 'matches', value: '^a' }],
    [min(), { operator: 'min', value: true }],
    [max(), { operator: 'max', value: true }],
    [conditionOf('lacks', 1), { operator: 'lacks', value: 1 }],
    [not(ge(1)), { operator: 'not', part: { operator: 'ge', value: 1 } }],
    [
      and(ge(1), lt(2)),
      {
        operator: 'and',
        parts: [
          { operator: 'ge', value: 1 },
          { operator: 'lt', value: 2 },
        ],
      },
    ],
    [
      or(eq('a'), not(eq('b'))),
      {
        operator: 'or',
        parts: [
          { operator: 'eq', value: 'a' },
          { operator: 'not', part: { operator: 'eq', value: 'b' } },
        ],
      },
    ],
    [and(), { operator: 'and', parts: [] }],
  ]
  for (const [condition, spec] of made)
    it(`says what it asks for: ${JSON.stringify(spec)}`, () => {
      expect(condition).to.be.instanceOf(Condition)
      expect(specOf(condition)).to.deep.equal(spec)
    })

  it('takes anything else for a value that is equal', () => {
    const five = 5 as unknown as Condition<number>
    const empty = null as unknown as Condition<number>
    expect(specOf(and(five, empty))).to.deep.equal({
      operator: 'and',
      parts: [
        { operator: 'eq', value: 5 },
        { operator: 'eq', value: null },
      ],
    })
    expect(specOf(not(five))).to.deep.equal({ operator: 'not', part: { operator: 'eq', value: 5 } })
  })

  it('is nothing that only looks like one', () => {
    for (const value of [undefined, null, 'eq', 5, true, {}, { operator: 'eq', value: 1 }, () => undefined])
      expect(specOf(value)).to.equal(undefined)
  })

  it('of another copy of the package counts, and has no JSON form', () => {
    const spec = { operator: 'eq', value: 1 }
    expect(specOf({ [Symbol.for('isock.Condition')]: spec })).to.equal(spec)
    const called = Object.assign(() => undefined, { [Symbol.for('isock.Condition')]: spec })
    expect(specOf(called)).to.equal(undefined)
    expect(JSON.stringify(eq(1))).to.equal('{}')
  })

  it('has one of these operators', () => {
    expect(operators).to.deep.equal([
      'eq',
      'ne',
      'gt',
      'ge',
      'lt',
      'le',
      'in',
      'nin',
      'contains',
      'lacks',
      'matches',
      'min',
      'max',
    ])
  })

  it('of another copy of the package is an instance of the class', () => {
    const other = Object.create({ [Symbol.for('isock.ConditionClass')]: true }) as object
    expect(other).to.be.instanceOf(Condition)
    expect({}).to.not.be.instanceOf(Condition)
  })
})
