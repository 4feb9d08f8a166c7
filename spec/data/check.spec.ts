// Which values a field takes, up to their bounds.
import { expect } from 'chai'
import { field, InvalidDataError } from 'isock/data'
import { checkValue } from '../../lib/features/data/check.ts'
import type { FieldSpec } from '../../lib/features/data/field.ts'
import { maxPkLength } from '../../lib/features/data/kinds/reference.ts'

const spec = (declared: unknown): FieldSpec => declared as FieldSpec
const place = { model: 'Paper', field: 'value' }
const deepest = 64
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
const nestedFields = (depth: number): unknown => (depth === 0 ? 1 : { a: nestedFields(depth - 1) })
const yearOf = (year: number): Date => {
  const date = new Date(0)
  date.setUTCFullYear(year)
  return date
}

describe('A value of a field', () => {
  const right: Record<string, [declared: unknown, ...values: unknown[]]> = {
    text: [field.text(), '', 'a', '\u{1f600}'],
    choice: [field.choice(['a', 'b']), 'a', 'b'],
    integer: [field.integer(), 0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
    number: [field.number(), 0.5, Number.MAX_VALUE],
    boolean: [field.boolean(), true, false],
    date: [field.date(), yearOf(1), yearOf(9999)],
    list: [field.list('text'), [], ['a']],
    'a list of JSON': [field.list('json'), [nested(deepest), nestedFields(deepest)]],
    JSON: [field.json(), [null], 'a', 1.5, {}, [], nested(deepest), nestedFields(deepest)],
  }
  for (const [kind, [declared, ...values]] of Object.entries(right))
    it(`may be what it is declared as: ${kind}`, () => {
      for (const value of values) expect(() => checkValue(value, spec(declared), place)).to.not.throw()
    })

  const wrong: Record<string, [declared: unknown, ...values: unknown[]]> = {
    text: [field.text(), 1, 'a\0', '\ud800', '\udc00a'],
    choice: [field.choice(['a', 'b']), 'c', ''],
    integer: [field.integer(), 0.5, 2 ** 53, '1', Number.NaN],
    number: [field.number(), Number.POSITIVE_INFINITY, Number.NaN, '1'],
    boolean: [field.boolean(), 0, 'true'],
    date: [field.date(), yearOf(0), yearOf(10_000), new Date(Number.NaN), 0],
    list: [field.list('integer'), [0.5], ['1'], 'a', {}],
    'a list of JSON': [field.list('json'), [nested(deepest + 1)], [undefined]],
    JSON: [
      field.json(),
      Number.NaN,
      'a\0',
      new Date(),
      { a: undefined },
      { 'a\0': 1 },
      JSON.parse('{"__proto__":1}'),
      nested(deepest + 1),
      nestedFields(deepest + 1),
      nested(100_000 / 20),
    ],
  }
  for (const [kind, [declared, ...values]] of Object.entries(wrong))
    it(`is refused, with its place, where it is something else: ${kind}`, () => {
      for (const value of values)
        expect(() => checkValue(value, spec(declared), place)).to.throw(InvalidDataError, /^Paper\.value: /)
    })

  it('may be null where its field says so', () => {
    expect(checkValue(null, spec(field.text({ optional: true })), place)).to.equal(null)
    expect(() => checkValue(null, spec(field.text()), place)).to.throw(InvalidDataError, 'Paper.value: cannot be null')
  })

  it('has room for the longest pk of a row that it refers to', () => {
    const reference = { ...spec(field.text()), kind: 'reference', choices: undefined } as FieldSpec
    expect(() => checkValue('x'.repeat(maxPkLength), reference, place)).to.not.throw()
    for (const pk of ['', 'x'.repeat(maxPkLength + 1), 'a\0', 1])
      expect(() => checkValue(pk, reference, place), String(pk)).to.throw(InvalidDataError)
  })
})
