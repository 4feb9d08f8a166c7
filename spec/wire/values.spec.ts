import { expect } from 'chai'
import { ActionError, RemoteError, ValidationError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { payloadSize, type RichPayload } from '../../lib/core/wire/bytes/payload.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { skip } from '../setup/skip.ts'
import { expectSame, overTheWire } from './same-value.ts'

class Money {
  amount: number
  at: Date | undefined
  constructor(amount: number) {
    if (typeof amount !== 'number') throw new Error('constructed from the wire')
    this.amount = amount
    this.at = new Date(amount)
  }
  get doubled(): number {
    return this.amount * 2
  }
}
class OutOfStock extends ActionError {
  readonly left: number
  readonly seen = new Map([['since', new Date(7)]])
  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

const registry = new ClassRegistry()
registry.declareClass(Money)
registry.declareError(OutOfStock)
const codec = new StandardCodec(registry)
const allow = { allowRegExp: true }
const roundTrip = (value: unknown): unknown => codec.decode(overTheWire(codec.encode(value, 'data', allow)), allow)

const buffer = new Uint8Array(Array.from({ length: 64 }, (_, i) => i)).buffer

const plain: Record<string, unknown> = {
  null: null,
  true: true,
  number: -12.5,
  zero: 0,
  'largest number': Number.MAX_VALUE,
  'smallest number': Number.MIN_VALUE,
  'empty text': '',
  'lone surrogates': '\ud800 \udfff a',
  'text of every kind': 'quote " backslash \\ \u0000 \u2028 é 😀',
  'big text': 'é'.repeat(100_000),
  'empty array': [],
  'empty object': {},
  nested: { rows: [{ id: 1, tags: ['a', ['b']] }, null, false] },
  'empty key': { '': { '': 1 } },
  'a then of data': { then: { then: 'later' } },
  'a toJSON of data': { value: 1, toJSON: 'no function' },
  'the keys of Object': { constructor: 1, prototype: { x: 1 }, valueOf: 2, toString: 3, hasOwnProperty: 4, length: 5 },
  '__proto__ as a key': JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":null}}'),
  'no prototype': Object.assign(Object.create(null), { a: 1, b: { c: [1] } }),
  'keys that are numbers': { 10: 'a', 9: 'b', '-1': 'c', '1.5': 'd' },
}

const rich: Record<string, unknown> = {
  'minus zero': -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  bigint: 123_456_789_012_345_678_901_234_567_890n,
  'negative bigint': -1n,
  'bigint of 10 000 digits': 10n ** 9_999n,
  Date: new Date(1_700_000_000_123),
  'Date before our era': new Date(-1e14),
  'last Date': new Date(8.64e15),
  'invalid Date': new Date(Number.NaN),
  URL: new URL('https://ann:pw@example.org:8080/a%20b?q=1#x'),
  RegExp: /a\/b[/]"\\(?<n>x)/giu,
  'empty RegExp': /(?:)/,
  Set: new Set<unknown>([1, 'a', { a: 1 }, [new Date(0)], undefined, Number.NaN]),
  'empty Set': new Set(),
  Map: new Map<unknown, unknown>([
    ['a', 1],
    [{ k: new Date(1) }, new Set([1n])],
    [undefined, undefined],
    [Number.NaN, -0],
  ]),
  'empty Map': new Map(),
  'Map in Map keys': new Map([[new Map([[1n, new Map()]]), new Set([new Set([new Map([[[], {}]])])])]]),
  'undefined in an array': [undefined, 1, undefined],
  'sparse array': Object.assign(new Array<unknown>(4), { 0: 1, 2: 3 }),
  'undefined in an object': { a: undefined, b: { c: undefined } },
  'no prototype': Object.assign(Object.create(null), { a: new Date(1) }),
  'dots, brackets and backslashes in keys': {
    'a.b': { 'c[0]': new Date(1), 'd\\': 1n, '\\.': -0 },
    a: { b: undefined },
    '': { '': [undefined], '.': new Date(2) },
    '\\': { '\\\\': new Map([['x.y', { 'z.': 5n }]]) },
    '0': { '00': new Date(4) },
  },
  'keys that superjson refuses': JSON.parse('{"__proto__":{"constructor":{"prototype":[]}},"a.b":{"__proto__":1}}'),
  'keys that superjson refuses, of rich values': Object.defineProperty(
    { constructor: new Date(1), prototype: new Map([['__proto__', { constructor: 1n }]]), '0.1': 2n },
    '__proto__',
    { value: { constructor: undefined }, enumerable: true, configurable: true, writable: true },
  ),
  'a then of data': { then: new Date(3) },
  'a toJSON of data': { toJSON: { at: new Date(3) } },
  'rows beside a Date': {
    rows: [
      { id: 1, tags: ['x'] },
      { id: 2, tags: [] },
    ],
    at: new Date(0),
    more: { constructor: 1, deep: [{}] },
  },
  'a rich row after plain ones': [{ a: 1 }, [1], 'x', { b: 2n }, { a: [3] }],
  Error: new Error('broken'),
  'Error without a message': new Error(),
  'TypeError with a cause': new TypeError('wrong', { cause: { at: new Date(2), error: new RangeError('far') } }),
  'Error with the cause undefined': new Error('x', { cause: undefined }),
  'Error with fields': Object.assign(new Error('ENOENT'), {
    code: 'ENOENT',
    errno: -2,
    at: new Date(1),
    'a.b': { constructor: 1n },
  }),
  AggregateError: new AggregateError([new TypeError('one', { cause: 1n }), 'two', { three: 3 }], 'all'),
  ActionError: new ActionError('no', { code: 'NOT_NOW', cause: new Error('inner') }),
  ValidationError: new ValidationError('bad', [{ message: 'm', path: ['a', 0] }]),
  RemoteError: new RemoteError({ name: 'Strange', message: 'm', code: 5, data: { at: new Date(1) } }),
  'declared error': new OutOfStock(3),
  'declared class': new Money(12),
  'declared class with rich fields': Object.assign(new Money(1), {
    parts: [new Money(2), 3n],
    'x.y': new Map([[new Money(4), 1]]),
  }),
  'nested Uint8Array': { bytes: new Uint8Array([1, 2, 3]), empty: new Uint8Array(0) },
  Buffer: Buffer.from('bytes'),
  'part of a Buffer': Buffer.from('some bytes').subarray(5),
  ArrayBuffer: buffer.slice(3, 9),
  'empty ArrayBuffer': new ArrayBuffer(0),
  DataView: new DataView(buffer, 3, 5),
  Uint8ClampedArray: new Uint8ClampedArray(buffer, 1, 5),
  Int8Array: new Int8Array(buffer, 1, 5),
  Uint16Array: new Uint16Array(buffer, 2, 5),
  Int16Array: new Int16Array(buffer, 2, 5),
  Uint32Array: new Uint32Array(buffer, 4, 5),
  Int32Array: new Int32Array(buffer, 4, 5),
  BigUint64Array: new BigUint64Array(buffer, 8, 5),
  BigInt64Array: new BigInt64Array(buffer, 8, 5),
  Float32Array: new Float32Array([1.5, -0, Number.NaN]),
  Float64Array: new Float64Array([1.5, -0, Number.NaN]),
  'several of them': [new Uint8Array([1]), Buffer.from([2]), new Map([[new Uint8Array([3]), new Float64Array([4])]])],
}
const { Float16Array } = globalThis as { Float16Array?: new (numbers: number[]) => ArrayBufferView }
if (Float16Array) rich['Float16Array'] = new Float16Array([1.5, 2])

const positions: Record<string, (value: unknown) => unknown> = {
  'at the root': (value) => value,
  'in an array': (value) => ['before', value, 'after'],
  'in an object': (value) => ({ before: 1, 'the.key': value, after: { x: 1 } }),
  'beside a rich value': (value) => ({ at: new Date(9), value, again: [1n, [{}]] }),
  'as a Map key': (value) => new Map([[value, 'x']]),
  'as a Map value': (value) => new Map([['constructor', value]]),
  'in a Set': (value) => new Set(['x', value]),
  "as an error's field": (value) => Object.assign(new RangeError('r'), { 'my.field': value }),
  "as an error's cause": (value) => new RangeError('r', { cause: value }),
  "as one of an AggregateError's errors": (value) => new AggregateError(['x', value]),
  "as an instance's field": (value) => Object.assign(new Money(1), { value }),
  'under a key that superjson refuses': (value) => ({ constructor: value, a: 1 }),
}

describe('values', () => {
  for (const [position, place] of Object.entries(positions)) {
    describe(position, () => {
      for (const [name, value] of Object.entries({ ...plain, ...rich })) {
        it(`carries ${name}`, () => {
          const sent = place(value)
          expectSame(roundTrip(sent), sent)
        })
      }
    })
  }

  it('sends plain values packed; half a surrogate pair and a toJSON take JSON text', () => {
    for (const [name, value] of Object.entries(plain)) {
      const payload = codec.encode(value, 'data')
      if (name === 'lone surrogates' || name === 'a toJSON of data') expect(payload).to.equal(JSON.stringify(value))
      else expect(payload, name).to.be.instanceOf(Packed)
    }
  })

  it('reads JSON text, whatever it writes itself', () => {
    for (const [name, value] of Object.entries(plain)) {
      const came = codec.decode(JSON.stringify(value))
      if (name !== 'no prototype') expectSame(came, value)
    }
  })

  it('sends no value as no payload', () => {
    expect(codec.encode(undefined, 'data')).to.equal(undefined)
    expect(codec.decode(undefined)).to.equal(undefined)
  })

  it('sends bytes alone as themselves, and hands them out without a copy', () => {
    const bytes = new Uint8Array([1, 2, 3]).subarray(1)
    expect(codec.encode(bytes, 'data')).to.deep.equal(bytes)
    expect(codec.decode(bytes)).to.equal(bytes)
  })

  it('hands bytes out as a Uint8Array even where they came as a Buffer', () => {
    const came = codec.decode(Buffer.from([1, 2]))
    expect(Object.getPrototypeOf(came)).to.equal(Uint8Array.prototype)
    expect(came).to.deep.equal(new Uint8Array([1, 2]))
  })

  it('sends of a typed array only its part, little-endian, and no array of numbers', () => {
    const payload = codec.encode({ part: new Uint16Array([9, 0x0102, 9]).subarray(1, 2) }, 'data') as RichPayload
    expect(payload).to.deep.equal({
      json: '{"part":["Uint16Array",0]}',
      meta: '{"values":{"part":[["custom","bytes"]]},"v":1}',
      bytes: [new Uint8Array([2, 1])],
    })
  })

  it('revives typed arrays from bytes that are not aligned', () => {
    const encoded = codec.encode([new Float64Array([1.5, 2.5])], 'data') as RichPayload
    const shifted = new Uint8Array(17)
    shifted.set(encoded.bytes[0] as Uint8Array, 1)
    expectSame(codec.decode({ ...encoded, bytes: [shifted.subarray(1)] }), [new Float64Array([1.5, 2.5])])
  })

  it('revives an ArrayBuffer of just its bytes, not of all that they lay in', () => {
    const encoded = codec.encode([new Uint8Array([7, 8]).buffer], 'data') as RichPayload
    const within = new Uint8Array([1, 7, 8, 2]).subarray(1, 3)
    expectSame(codec.decode({ ...encoded, bytes: [within] }), [new Uint8Array([7, 8]).buffer])
  })

  it('has superjson see only what is rich', () => {
    const rows = Array.from({ length: 50 }, (_, id) => ({ id, constructor: { prototype: id } }))
    const payload = codec.encode({ rows, at: new Date(0) }, 'data') as RichPayload
    expect(payload.meta).to.equal('{"values":{"at":["Date"]},"v":1}')
    expect(JSON.parse(payload.json).rows).to.deep.equal(rows)
  })

  it('sends what is shared as copies', () => {
    const shared = { at: new Date(1), bytes: new Uint8Array([1]) }
    const came = roundTrip({ a: shared, b: [shared, shared.bytes] }) as { a: unknown; b: [unknown, unknown] }
    expect(came.a).to.deep.equal(shared)
    expect(came.a).to.not.equal(came.b[0])
    expect(came.b).to.deep.equal([shared, shared.bytes])
  })

  it('ignores symbol keys, further properties of arrays, and what is not enumerable', () => {
    const hidden = Object.defineProperty({ a: 1, [Symbol('s')]: () => 1 }, 'toJSON', {
      value: () => 'lied',
      enumerable: false,
    })
    expect(roundTrip(hidden)).to.deep.equal({ a: 1 })
    const array = Object.assign([1, 2], { toJSON: () => 'lied', extra: new Date(0) })
    expectSame(roundTrip(array), [1, 2])
    expectSame(roundTrip([new Date(1), array]), [new Date(1), [1, 2]])
  })

  it('sends what JSON.rawJSON makes as the object that it is', function () {
    const { rawJSON } = JSON as { rawJSON?: (text: string) => object }
    if (!rawJSON) return skip(this, 'this engine has no JSON.rawJSON')
    expectSame(roundTrip([rawJSON('1')]), [{ rawJSON: '1' }])
  })

  it('sends what a proxy of a plain object or array shows', () => {
    expectSame(roundTrip(new Proxy({ a: 1 }, {})), { a: 1 })
    expectSame(roundTrip(new Proxy({ a: new Date(1) }, {})), { a: new Date(1) })
    expectSame(roundTrip(new Proxy([1n], {})), [1n])
  })

  it('asks a getter for the value that is sent', () => {
    const value = {
      get a() {
        return 1n
      },
    }
    expectSame(roundTrip(value), { a: 1n })
  })

  it('gives instances their own fields on their prototype', () => {
    const came = roundTrip(new Money(21)) as Money
    expect(came.doubled).to.equal(42)
  })

  it('carries the deepest value that it takes, and a long one', () => {
    let deep: unknown = 'x'
    for (let i = 0; i < 64; i++) deep = i % 2 ? [deep] : { deep }
    expectSame(roundTrip(deep), deep)
    let maps: unknown = new Date(1)
    for (let i = 0; i < 32; i++) maps = new Map([['k', maps]])
    expectSame(roundTrip(maps), maps)
    const dates = Array.from({ length: 20_000 }, (_, i) => new Date(i))
    expectSame(roundTrip(dates), dates)
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ i, text: '[[["\\"{' }))
    expectSame(roundTrip(rows), rows)
  })

  it('knows about how much a payload keeps', () => {
    expect(payloadSize(undefined)).to.equal(0)
    expect(payloadSize('abc')).to.equal(3)
    expect(payloadSize(new Packed(new Uint8Array(9), 2, 6))).to.equal(4)
    expect(payloadSize(new Uint8Array(5))).to.equal(5)
    // Each byte array counts for what it takes in memory too.
    expect(payloadSize({ json: '[]', meta: '{}', bytes: [new Uint8Array(100)] })).to.equal(304)
  })
})
