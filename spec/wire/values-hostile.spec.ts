import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec, type ValueRules } from '../../lib/core/wire/value-codec.ts'

class Account {
  owner = ''
}
const registry = new ClassRegistry()
registry.declareClass(Account)
const codec = new StandardCodec(registry)

const rich = (json: unknown, meta: unknown, bytes: readonly Uint8Array[] = []): Payload => ({
  json: typeof json === 'string' ? json : JSON.stringify(json),
  meta: typeof meta === 'string' ? meta : JSON.stringify(meta),
  bytes,
})
/** With annotations of superjson's current version. */
const annotated = (json: unknown, values: unknown, bytes?: readonly Uint8Array[]): Payload =>
  rich(JSON.stringify(json), { values, v: 1 }, bytes)

/** Far more than any of these takes, far less than what they would take unchecked. */
const quickMs = 1_000

function fault(payload: unknown, rules?: ValueRules): string {
  const start = performance.now()
  try {
    codec.decode(payload as Payload, rules)
  } catch (error) {
    expect(performance.now() - start).to.be.below(quickMs)
    expect(error).to.be.instanceOf(ServerError)
    expect((error as ServerError).code).to.equal('BAD_REQUEST')
    expect((error as Error).message).to.match(/^bad value received: /)
    return (error as Error).message.slice('bad value received: '.length)
  }
  throw new Error('it was taken')
}

const pairs = (depth: number): unknown => (depth === 0 ? [] : [['k', pairs(depth - 1)]])
const repeat = (text: string, count: number): string => `[${Array(count).fill(text).join(',')}]`
const unsafe = '__proto__'
const own = (value: unknown): unknown => JSON.parse(`{"${unsafe}":${JSON.stringify(value)}}`)

describe('hostile payloads are refused at once, with BAD_REQUEST', () => {
  const none = (type: string): string => `a value that is not a valid "${type}", or a type that is not allowed`
  const cases: [string, Payload, string | RegExp][] = [
    // What superjson 2.2.6 hangs or grows on.
    [
      'typed-array over a made-up length',
      annotated({ length: 1e9 }, [['typed-array', 'Uint8Array']]),
      'an unknown type annotation',
    ],
    ['a Set over a made-up length', annotated({ length: 1e9 }, ['set']), none('set')],
    ['a Map over a made-up length', annotated({ length: 1e9 }, ['map']), none('map')],
    ['a sparse index', annotated([], { 4294967294: ['undefined'] }), 'a path to a missing value'],
    ['undefined at a huge index', annotated({ a: [] }, { 'a.100000000': ['undefined'] }), 'a path to a missing value'],
    ['an index of its own spelling', annotated([null], { '00': ['undefined'] }), 'a path to a missing value'],
    ['an index in scientific spelling', annotated([null, null], { '1e0': ['undefined'] }), 'a path to a missing value'],
    ['a negative index', annotated([null], { '-1': ['undefined'] }), 'a path to a missing value'],
    ['the length of an array', annotated([null], { length: ['number'] }), 'a path to a missing value'],
    [
      'a then made of valueOf',
      annotated({}, { then: ['undefined'], valueOf: ['undefined'] }),
      'a path to a missing value',
    ],
    ['an inherited method', annotated({}, { valueOf: [['custom', 'error']] }), 'a path to a missing value'],
    [
      'a path through the prototype',
      annotated({}, { [`${unsafe}.toString`]: ['undefined'] }),
      'a path to a missing value',
    ],
    [
      'a path through the constructor',
      annotated({}, { 'constructor.name': ['undefined'] }),
      'a path to a missing value',
    ],
    ['an own __proto__', annotated(own(null), own(['undefined'])), 'a path to a missing value'],
    [
      'an own constructor',
      annotated({ constructor: null }, { constructor: ['undefined'] }),
      'a path to a missing value',
    ],
    ['a path into text', annotated({ a: 'text' }, { 'a.0': ['Date'] }), 'a path to a missing value'],
    ['a path into null', annotated({ a: null }, { 'a.b': ['undefined'] }), 'a path to a missing value'],
    ['equalities', rich([{}, null], { values: {}, referentialEqualities: { 0: ['1'] }, v: 1 }), /^shared references/],
    ['equalities alone', rich([[], []], { referentialEqualities: [['0', '1']] }), /^shared references/],
    [
      'equalities that blow up',
      rich({ a: {} }, { referentialEqualities: { a: Array(1e4).fill('a.x') }, v: 1 }),
      /^shared references/,
    ],
    ['a catastrophic pattern', annotated('/(a+)+$/', ['regexp']), none('regexp')],
    ['a class of superjson', annotated({}, [['class', 'Account']]), 'an unknown type annotation'],
    ['a symbol', annotated('s', [['symbol', 's']]), 'an unknown type annotation'],
    [
      "superjson's own Error",
      annotated({ name: 'E', message: 'm', stack: 's' }, ['Error']),
      'an unknown type annotation',
    ],
    ['a transformer that is inherited', annotated({}, [['custom', 'toString']]), 'an unknown type annotation'],
    ['a type that is inherited', annotated({}, ['constructor']), 'an unknown type annotation'],
    // Values that are not what they are annotated as.
    ['an invalid Date', annotated('tomorrow', ['Date']), none('Date')],
    ['a Date of the calendar of fools', annotated('2024-99-01T00:00:00.000Z', ['Date']), none('Date')],
    ['a Date of an object', annotated({ at: 1 }, ['Date']), none('Date')],
    ['a bigint of words', annotated('five', ['bigint']), none('bigint')],
    ['a bigint of nothing', annotated('', ['bigint']), none('bigint')],
    ['a bigint of a million digits', annotated('9'.repeat(1e6), ['bigint']), none('bigint')],
    ['a bigint of a number', annotated(5, ['bigint']), none('bigint')],
    ['another number', annotated('1e1000000', ['number']), none('number')],
    ['undefined of something', annotated('x', ['undefined']), none('undefined')],
    ['no URL', annotated('nowhere', ['URL']), none('URL')],
    ['a Map of no pairs', annotated([[1, 2, 3]], ['map']), none('map')],
    ['a Map of null', annotated([null], ['map']), none('map')],
    ['a Set of an object', annotated({ 0: 1, length: 1 }, ['set']), none('set')],
    ['an invalid Date of something', annotated(['x'], [['custom', 'invalid-date']]), none('invalid-date')],
    ['a stream', annotated([0], [['custom', 'stream']]), none('stream')],
    ['entries under no text', annotated([[{}, 1]], [['custom', 'entries']]), none('entries')],
    ['entries of no list', annotated({}, [['custom', 'entries']]), none('entries')],
    ['an error of a list', annotated([], [['custom', 'error']]), none('error')],
    [
      'an error without a message',
      annotated({ name: 'x' }, [['custom', 'error']]),
      'an error record without its message',
    ],
    ['an error with more', annotated({ message: 'x', then: 1 }, [['custom', 'error']]), 'an error record with "then"'],
    [
      'an error whose stack is not a text',
      annotated({ message: 'x', stack: {} }, [['custom', 'error']]),
      "an error record's stack must be text",
    ],
    [
      'an error whose fields are none',
      annotated({ message: 'x', fields: [] }, [['custom', 'error']]),
      "an error's fields must be an object",
    ],
    [
      'an error whose fields are a Map',
      annotated({ message: 'x', fields: [] }, [['custom', 'error'], { fields: ['map'] }]),
      "an error's fields must be an object",
    ],
    [
      'an error whose errors are a Set',
      annotated({ message: 'x', errors: [] }, [['custom', 'error'], { errors: ['set'] }]),
      "an error's errors must be a list",
    ],
    [
      'an error with its stack in a field',
      annotated({ message: 'x', fields: { stack: {} } }, [['custom', 'error']]),
      'an error\'s fields hold "stack"',
    ],
    [
      'an error with an annotated message',
      annotated({ message: '1' }, [['custom', 'error'], { message: ['bigint'] }]),
      /inside "error"/,
    ],
    [
      'an undeclared class',
      annotated(['Admin', {}], [['custom', 'class']]),
      'an instance of "Admin", a class that is not declared on this side',
    ],
    ['an inherited class', annotated(['constructor', {}], [['custom', 'class']]), /not declared/],
    ['an error class as a class', annotated(['Error', {}], [['custom', 'class']]), /not declared/],
    [
      'an instance without fields',
      annotated(['Account', null], [['custom', 'class']]),
      'an instance of "Account" without its fields',
    ],
    [
      'an instance with a Date for fields',
      annotated(['Account', '2024-01-01T00:00:00.000Z'], [['custom', 'class'], { 1: ['Date'] }]),
      /without its fields/,
    ],
    [
      'a class whose name is annotated',
      annotated(['1', {}], [['custom', 'class'], { 0: ['bigint'] }]),
      /inside "class"/,
    ],
    // Bytes.
    ['bytes that are not there', annotated(['Uint8Array', 0], [['custom', 'bytes']]), none('bytes')],
    ['bytes at -1', annotated(['Uint8Array', -1], [['custom', 'bytes']], [new Uint8Array(1)]), none('bytes')],
    ['bytes at 0.5', annotated(['Uint8Array', 0.5], [['custom', 'bytes']], [new Uint8Array(1)]), none('bytes')],
    ['bytes at "0"', annotated(['Uint8Array', '0'], [['custom', 'bytes']], [new Uint8Array(1)]), none('bytes')],
    ['bytes for a class', annotated(['Function', 0], [['custom', 'bytes']], [new Uint8Array(1)]), none('bytes')],
    [
      'bytes of another count',
      annotated(['Float64Array', 0], [['custom', 'bytes']], [new Uint8Array(9)]),
      none('bytes'),
    ],
    [
      'bytes used twice',
      annotated(
        [
          ['Buffer', 0],
          ['Buffer', 0],
        ],
        { 0: [['custom', 'bytes']], 1: [['custom', 'bytes']] },
        [new Uint8Array(1)],
      ),
      'bytes that belong to two values',
    ],
    ['bytes not used', annotated(['a', null], { 1: ['undefined'] }, [new Uint8Array(1)]), 'bytes without a value'],
    [
      'bytes with annotations inside',
      annotated(['Buffer', 0], [['custom', 'bytes'], { 1: ['undefined'] }], [new Uint8Array(1)]),
      /inside "bytes"/,
    ],
    // Annotations that would change each other.
    [
      'a Map before what is in it',
      annotated({ m: [['a', null]] }, { m: ['map'], 'm.0.1': ['undefined'] }),
      'an annotation that conflicts with another',
    ],
    [
      'a Map after what is in it',
      annotated({ m: [['a', null]] }, { 'm.0.1': ['undefined'], m: ['map'] }),
      'an annotation that conflicts with another',
    ],
    ['a Map whose pair becomes a Set', annotated([['a', 1]], ['map', { 0: ['set'] }]), /inside "map"/],
    [
      'entries whose key becomes a bigint',
      annotated([['1', 1]], [['custom', 'entries'], { '0.0': ['bigint'] }]),
      /inside "entries"/,
    ],
    ['something inside of a Date', annotated('2024-01-01T00:00:00.000Z', ['Date', { 0: ['bigint'] }]), /inside "Date"/],
    // Shapes.
    ['no JSON', rich('{', { values: ['set'], v: 1 }), /JSON/],
    ['a meta that is no JSON', rich('[]', '{'), /JSON/],
    ['a meta that is null', rich([], 'null'), 'a meta that is not an object'],
    ['a meta that is a list', rich([], []), 'a meta that is not an object'],
    ['a meta without values', rich([], { v: 1 }), /^a meta other than/],
    ['a meta without a version', rich([], { values: ['set'] }), /^a meta other than/],
    ['a meta of another version', rich([], { values: ['set'], v: 0 }), /^a meta other than/],
    ['a meta with more', rich([], { values: ['set'], v: 1, x: 1 }), /^a meta other than/],
    ['annotations as text', annotated([], 'set'), 'annotations of an unknown shape'],
    ['annotations as null', annotated([], null), 'annotations of an unknown shape'],
    ['an empty annotation', annotated([], []), 'an annotation of an unknown shape'],
    ['an annotation of three', annotated([], ['set', {}, {}]), 'an annotation of an unknown shape'],
    ['an annotation as text', annotated([[]], { 0: 'set' }), 'an annotation of an unknown shape'],
    [
      'an annotation as an object',
      annotated([[null]], { 0: { 0: ['undefined'] } }),
      'an annotation of an unknown shape',
    ],
    ['annotations inside as a list', annotated([], ['set', []]), /inside "set"/],
    ['a type of an unknown shape', annotated([], [['custom']]), 'an unknown type annotation'],
    ['a type that is null', annotated([], [null]), 'an unknown type annotation'],
    [
      'a path with a loose backslash',
      annotated({ '\\a': null }, { '\\a': ['undefined'] }),
      'a path that is malformed or too deep',
    ],
    [
      'a path with a backslash at its end',
      annotated({ 'a\\': null }, { 'a\\': ['undefined'] }),
      'a path that is malformed or too deep',
    ],
    // Bombs.
    [
      'a path of a million keys',
      annotated([], { [Array(1e6).fill('0').join('.')]: ['undefined'] }),
      'a path that is malformed or too deep',
    ],
    ['Maps in Maps without end', annotated(pairs(500), deepMeta(500)), 'a path that is malformed or too deep'],
    ['deep JSON', '['.repeat(1e6) + ']'.repeat(1e6), 'nested more than 64 deep'],
    ['deep JSON of objects', '{"a":'.repeat(1e5), 'nested more than 64 deep'],
    ['many arrays', repeat('[]', 1e6), 'more than 200000 arrays and objects'],
    ['many objects', repeat('{}', 1e6), 'more than 200000 arrays and objects'],
    [
      'many arrays, in a rich value',
      rich(repeat('[]', 1e6), { values: { 0: ['set'] }, v: 1 }),
      'more than 200000 arrays and objects',
    ],
    [
      'many arrays, in a meta',
      rich('[]', `{"values":${repeat('[]', 1e6)},"v":1}`),
      'more than 300004 arrays and objects',
    ],
    ['a deep meta', rich('[]', `{"values":${'['.repeat(1e5)}`), 'nested more than 132 deep'],
    [
      'many annotations',
      annotated(
        Array(100_001).fill(null),
        Object.fromEntries(Array.from({ length: 100_001 }, (_, i) => [i, ['undefined']])),
      ),
      'more than 100000 annotations',
    ],
    ['text that is no JSON', 'nonsense', 'not JSON'],
    ['no text at all', '', 'not JSON'],
    ['a string without an end', `["${'a'.repeat(20_000)}`, 'not JSON'],
  ]
  for (const [name, payload, expected] of cases) {
    it(name, () => {
      if (typeof expected === 'string') expect(fault(payload)).to.equal(expected)
      else expect(fault(payload)).to.match(expected)
    })
  }

  it('payloads that are none', () => {
    for (const none of [
      null,
      5,
      true,
      {},
      [],
      { json: 1 },
      { json: '1', meta: '{}' },
      { json: '1', meta: '{}', bytes: ['x'] },
      Symbol('s'),
      () => 1,
    ]) {
      fault(none)
    }
  })

  it('rich payloads of another make', () => {
    const meta = '{"values":[["custom","bytes"]],"v":1}'
    expect(fault({ json: 5, meta, bytes: [] })).to.equal('neither text nor bytes nor both')
    expect(fault({ json: '["Uint8Array",0]', meta, bytes: [[1]] })).to.equal(
      'a rich value whose byte arrays are not an array of Uint8Array',
    )
  })

  it('a path deeper than any value', () => {
    const json = JSON.parse('['.repeat(65) + ']'.repeat(65))
    const path = (keys: number): string => Array(keys).fill('0').join('.')
    expect(codec.decode(annotated(json, { [path(64)]: ['set'] }))).to.be.an('array')
    expect(fault(annotated([json], { [path(64)]: ['set', { 0: ['set'] }] }))).to.equal(
      'a path that is malformed or too deep',
    )
    expect(fault(annotated([json], { [path(65)]: ['set'] }))).to.equal('a path that is malformed or too deep')
  })

  it('patterns where they are allowed, but too long or malformed', () => {
    const rules = { allowRegExp: true }
    const notAllowed = 'a value that is not a valid "regexp", or a type that is not allowed'
    expect(codec.decode(annotated('/a/g', ['regexp']), rules)).to.deep.equal(/a/g)
    for (const text of [`/${'a'.repeat(1_000)}/`, 'a', '/a', '//', '/a/G', 5])
      expect(fault(annotated(text, ['regexp']), rules)).to.equal(notAllowed)
    expect(fault(annotated('/(/', ['regexp']), rules)).to.match(/Invalid regular expression/)
    expect(fault(annotated('/a/gg', ['regexp']), rules)).to.match(/Invalid flags/)
  })

  it('costs in proportion to its size for a huge value that is fine', () => {
    const payloadOf = (count: number): Payload => {
      const values = Object.fromEntries(Array.from({ length: count }, (_, i) => [`0.${i}`, ['undefined']]))
      return rich([Array(count).fill(null)], { values, v: 1 })
    }
    const [few, many] = [5_000, 90_000]
    const small = payloadOf(few)
    const large = payloadOf(many)
    const took = (payload: Payload): number => {
      const startedAt = performance.now()
      codec.decode(payload)
      return performance.now() - startedAt
    }
    // The least of several: a busy machine makes some of them slow. 18 times as much; with its square 324 times.
    const times = (payload: Payload, count: number): number =>
      Math.min(...Array.from({ length: count }, () => took(payload)))
    expect(times(large, 3) / times(small, 9)).to.be.below(90)
    const value = codec.decode(large) as unknown[][]
    expect(value[0]?.[many - 1]).to.equal(undefined)
  })

  it('refuses nothing that is harmless: keys of Object as data, doubled Map keys, deep short text', () => {
    const came = codec.decode(`{"${unsafe}":{"x":1},"then":{"valueOf":2}}`) as object
    expect(Object.getPrototypeOf(came)).to.equal(Object.prototype)
    expect(Object.keys(came)).to.deep.equal([unsafe, 'then'])
    expect(
      codec.decode(
        annotated(
          [
            ['a', 1],
            ['a', 2],
          ],
          ['map'],
        ),
      ),
    ).to.deep.equal(new Map([['a', 2]]))
    expect(codec.decode('['.repeat(1_000) + ']'.repeat(1_000))).to.be.an('array')
    expect(codec.decode(JSON.stringify(['[{"\\'.repeat(20_000), '\\'.repeat(10_001), '"']))).to.be.an('array')
  })

  it('gives an awaited value no way to do anything', async () => {
    const value = codec.decode(annotated({ then: null, a: 'NaN' }, { then: ['undefined'], a: ['number'] }))
    expect(await value).to.equal(value)
  })

  it('touches no prototype', () => {
    const before = Reflect.ownKeys(Object.prototype).length
    const json = [
      [unsafe, { polluted: 1 }],
      ['constructor', [['prototype', { polluted: 1 }]]],
    ]
    const came = codec.decode(annotated(json, [['custom', 'entries'], { '1.1': [['custom', 'entries']] }])) as object
    expect(Object.keys(came)).to.deep.equal([unsafe, 'constructor'])
    for (const fields of [own({ polluted: 1 }), { constructor: 5 }])
      expect(fault(annotated(['Account', fields], [['custom', 'class']]))).to.match(/"Account" with a field "/)
    const error = codec.decode(
      annotated({ message: 'm', fields: own({ polluted: 1 }) }, [['custom', 'error']]),
    ) as object
    expect(error).to.be.instanceOf(Error)
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    expect(Reflect.ownKeys(Object.prototype).length).to.equal(before)
  })
})

function deepMeta(depth: number): unknown {
  let meta: unknown[] = ['map']
  for (let i = 0; i < depth; i++) meta = ['map', { '0.1': meta }]
  return meta
}
