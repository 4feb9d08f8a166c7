// What each of isock's types becomes for a client that knows JSON only.
import { expect } from 'chai'
import { RemoteError, UnsendableError, ValidationError } from 'isock'
import { toJsonText, toJsonValue } from '../../lib/gateways/json-values.ts'

/** A Map with other keys than texts becomes a list of pairs, each of which is one level more. */
const nestedMaps = (count: number): unknown => (count === 0 ? 1 : new Map([[1, nestedMaps(count - 1)]]))
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

describe('values as plain JSON', () => {
  const cases: readonly [string, unknown, unknown][] = [
    ['null', null, null],
    ['texts, numbers, booleans', ['a', 1.5, -1, true], ['a', 1.5, -1, true]],
    ['undefined', undefined, undefined],
    ['undefined in an object', { a: undefined, b: 1 }, { b: 1 }],
    ['undefined in a list', [undefined, 1], [null, 1]],
    ['functions and symbols', { a: () => 1, b: [Symbol('x')] }, { b: [null] }],
    ['numbers that JSON has not', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], [null, null, null]],
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a Date that is no time', new Date(Number.NaN), null],
    ['a bigint', 2n ** 64n, '18446744073709551616'],
    ['a Map with texts as keys', new Map([['a', new Date(0)]]), { a: '1970-01-01T00:00:00.000Z' }],
    [
      'a Map with other keys',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['b', new Set([2])],
      ]),
      [
        [1, 'a'],
        ['b', [2]],
      ],
    ],
    ['an empty Map', new Map(), {}],
    ['a Set', new Set([1, 'a']), [1, 'a']],
    ['bytes', new Uint8Array([0, 255, 16]), 'AP8Q'],
    ['a part of a buffer', new Uint8Array([9, 0, 255, 16, 9]).subarray(1, 4), 'AP8Q'],
    ['a Buffer', { file: Buffer.from('hi') }, { file: 'aGk=' }],
    ['an ArrayBuffer and a DataView', [new Uint8Array([1]).buffer, new DataView(new ArrayBuffer(1))], ['AQ==', 'AA==']],
    ['larger numbers', [new Float64Array([1.5, Number.NaN]), new BigInt64Array([5n])], [[1.5, null], ['5']]],
    ['a URL', new URL('http://a/b'), 'http://a/b'],
    ['a RegExp', /a+/g, '/a+/g'],
    ['an object with toJSON', { toJSON: () => ({ cents: 5n }) }, { cents: '5' }],
    [
      'an error',
      Object.assign(new TypeError('no'), { code: 7, at: new Date(0) }),
      { name: 'TypeError', message: 'no', code: 7, at: '1970-01-01T00:00:00.000Z' },
    ],
    [
      'an error of another program',
      new RemoteError({ name: 'Odd', message: 'm', code: 'C', data: { a: 1 } }),
      { name: 'Odd', message: 'm', code: 'C', data: { a: 1 } },
    ],
  ]
  for (const [name, value, expected] of cases) {
    it(`have ${name}`, () => expect(toJsonValue(value)).to.deep.equal(expected))
  }

  it('tell no stack and no cause of an error', () => {
    const error = new ValidationError('wrong', [{ message: 'm', path: ['a'] }], { cause: new Error('secret') })
    expect(toJsonText(error)).to.equal(
      '{"name":"ValidationError","message":"wrong","code":"INVALID_INPUT","issues":[{"message":"m","path":["a"]}]}',
    )
  })

  it('keep fields of any name as fields', () => {
    const value = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":2}') as object
    const copy = toJsonValue(value) as Record<string, unknown>
    expect(JSON.stringify(copy)).to.equal('{"__proto__":{"admin":true},"constructor":1,"toString":2}')
    expect(copy['admin']).to.equal(undefined)
    expect(toJsonText(new Map([['__proto__', 1]]))).to.equal('{"__proto__":1}')
  })

  it('have the same value twice, but not inside itself', () => {
    const shared = { a: 1 }
    expect(toJsonValue([shared, shared])).to.deep.equal([shared, shared])
    const circle: Record<string, unknown> = {}
    circle['self'] = [circle]
    expect(() => toJsonValue(circle, 'result')).to.throw(UnsendableError, 'cannot send result: it contains itself')
  })

  it('are refused where they are too deep or too large', () => {
    expect(toJsonText(nested(100))).to.include('[[1]]')
    expect(toJsonText(nested(128))).to.equal(`${'['.repeat(128)}1${']'.repeat(128)}`)
    expect(toJsonText(nestedMaps(64))).to.include('[[1,1]]')
    expect(() => toJsonValue(nestedMaps(65))).to.throw(UnsendableError, 'nested more than 128 deep')
    expect(() => toJsonValue(nested(129))).to.throw(UnsendableError, 'nested more than 128 deep')
    expect(() => toJsonValue(nested(1_000))).to.throw(UnsendableError, 'nested more than 128 deep')
    let doubled: unknown = 1
    for (let i = 0; i < 30; i++) doubled = [doubled, doubled]
    expect(() => toJsonValue(doubled)).to.throw(UnsendableError, 'more than 1000000 values')
    expect(toJsonValue(new Array(999_999).fill(1))).to.have.length(999_999)
    expect(() => toJsonValue(new Array(1_000_000).fill(1))).to.throw(UnsendableError, 'more than 1000000 values')
  })

  it('are null as text where there is nothing', () => expect(toJsonText(undefined)).to.equal('null'))
})
