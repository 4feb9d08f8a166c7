import { expect } from 'chai'
import { ServerError, UnsendableError } from '../../lib/core/base/errors.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec, type ValueLimits, type ValueRules } from '../../lib/core/wire/value-codec.ts'

class Unknown {
  x = 1
}
class WithToJSON {
  toJSON(): string {
    return 'looks plain'
  }
}
class Fancy extends Map {}
class List extends Array {}

const codec = new StandardCodec(new ClassRegistry())

function refusal(value: unknown, limits: Partial<ValueLimits> = {}, rules?: ValueRules): UnsendableError {
  const some = Object.keys(limits).length > 0 ? new StandardCodec(new ClassRegistry(), limits) : codec
  try {
    some.encode(value, 'data', rules)
  } catch (error) {
    expect(error).to.be.instanceOf(UnsendableError)
    return error as UnsendableError
  }
  throw new Error('it was not refused')
}

describe('values that cannot travel are refused where they are sent', () => {
  const declare = 'cannot be serialized; declare the class in `classes` or send a plain object'
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const messages: [string, unknown, string][] = [
    ['a function', () => 1, 'cannot send data: functions cannot be serialized'],
    [
      'a function deep inside',
      { items: [0, 1, 2, { callback() {} }] },
      'cannot send data.items[3].callback: functions cannot be serialized',
    ],
    ['a toJSON', { a: { toJSON: () => 1 } }, 'cannot send data.a.toJSON: functions cannot be serialized'],
    ['a symbol', [Symbol('s')], 'cannot send data[0]: symbols cannot be serialized'],
    [
      'a promise',
      { 'not yet': Promise.resolve(1) },
      'cannot send data["not yet"]: promises cannot be serialized; await it first',
    ],
    [
      'a stream',
      { s: new ReadableStream() },
      'cannot send data.s: streams (ReadableStream) can only be the output of an action, or the data of a call or a part of it',
    ],
    ['a WeakMap', [[new WeakMap()]], 'cannot send data[0][0]: a WeakMap cannot be serialized'],
    [
      'a SharedArrayBuffer',
      new SharedArrayBuffer(1),
      'cannot send data: a SharedArrayBuffer cannot be serialized; send a copy of its bytes',
    ],
    [
      'a Number object',
      [Object(5)],
      'cannot send data[0]: a Number object cannot be serialized; send its primitive value',
    ],
    ['a generator', (function* () {})(), `cannot send data: instances of Generator ${declare}`],
    ['an undeclared class', { user: new Unknown() }, `cannot send data.user: instances of Unknown ${declare}`],
    [
      'an undeclared class with a toJSON',
      [new WithToJSON()],
      `cannot send data[0]: instances of WithToJSON ${declare}`,
    ],
    ['a subclass of Map', new Fancy(), `cannot send data: instances of Fancy ${declare}`],
    ['a subclass of Array', new List(), `cannot send data: instances of List ${declare}`],
    [
      'what only looks like an Array',
      Object.create(Array.prototype),
      `cannot send data: instances of Array ${declare}`,
    ],
    ['a class without a name', new (class {})(), `cannot send data: instances of an unnamed class ${declare}`],
    ['in a Map value', new Map([['k', [() => 1]]]), 'cannot send data.get("k")[0]: functions cannot be serialized'],
    [
      'in a Map value, under an object',
      new Map([[{}, () => 1]]),
      'cannot send data.values()[0]: functions cannot be serialized',
    ],
    [
      'in a Map key',
      new Map([[1, 1], [() => 1, 1] as never]),
      'cannot send data.keys()[1]: functions cannot be serialized',
    ],
    ['in a Set', new Set([{ f() {} }]), 'cannot send data.keys()[0].f: functions cannot be serialized'],
    ['in an error', Object.assign(new Error('x'), { f() {} }), 'cannot send data.f: functions cannot be serialized'],
    ['in a cause', new Error('x', { cause: { f() {} } }), 'cannot send data.cause.f: functions cannot be serialized'],
    [
      'in an AggregateError',
      new AggregateError([1, () => 1]),
      'cannot send data.errors[1]: functions cannot be serialized',
    ],
    [
      'under a key that superjson refuses',
      { constructor: { f() {} } },
      'cannot send data.constructor.f: functions cannot be serialized',
    ],
    [
      'a RegExp that is not allowed',
      { p: /x/ },
      'cannot send data.p: regular expressions are sent only if the action allows them; send `source` and `flags` as text',
    ],
    ['a bigint of 10 001 digits', [10n ** 10_000n], 'cannot send data[0]: a bigint may have at most 10000 digits'],
    [
      'a getter that throws',
      {
        a: {
          get b(): never {
            throw new TypeError('not now')
          },
        },
      },
      'cannot send data.a.b: reading it failed (TypeError: not now)',
    ],
    [
      'a proxy that throws',
      {
        p: new Proxy(
          {},
          {
            ownKeys() {
              throw new Error('no')
            },
          },
        ),
      },
      'cannot send data.p: reading it failed (Error: no)',
    ],
    [
      'a revoked proxy',
      { p: revoked.proxy },
      "cannot send data.p: reading it failed (TypeError: Cannot perform 'getPrototypeOf' on a proxy that has been revoked)",
    ],
    ['a cycle', cycle(), 'cannot send data.a.b: it contains itself (cycle to data.a)'],
    ['a cycle of the root', selfish(), 'cannot send data.me: it contains itself (cycle to data)'],
    [
      'a cycle through a Map and an error',
      mapCycle(),
      'cannot send data.get("e").cause: it contains itself (cycle to data)',
    ],
    [
      'too deep a value',
      nested(65),
      `cannot send data${'[0]'.repeat(64)}: it is nested more than 64 deep; raise limits.maxValueDepth at both sides`,
    ],
    [
      'a key without end',
      { ['k'.repeat(1_000)]: () => 1 },
      `cannot send data.${'k'.repeat(100)}...: functions cannot be serialized`,
    ],
  ]
  for (const [name, value, message] of messages) {
    it(name, () => {
      const error = refusal(value)
      expect(error.message).to.equal(message)
      expect(error.message).to.include(error.path)
      expect(error.code).to.equal('UNSENDABLE')
    })
  }

  it('an object that only has the prototype of a Date, a Map, an ArrayBuffer ...', () => {
    const classes = [Date, Map, Set, URL, ArrayBuffer, DataView, Uint8Array, Float64Array, Buffer]
    for (const { prototype } of classes) {
      expect(refusal([Object.create(prototype)]).message).to.match(/^cannot send data\[0\]: reading it failed/)
      expect(refusal(Object.create(prototype)).path).to.equal('data')
    }
    expect(refusal({ m: new Proxy(new Map(), {}) }).path).to.equal('data.m')
  })

  it('a RegExp too long to allow', () => {
    expect(refusal(new RegExp('x'.repeat(999)), {}, { allowRegExp: true }).message).to.equal(
      'cannot send data: a regular expression may have at most 1000 characters',
    )
  })

  it('what a getter gives only the first time, where it is asked twice', () => {
    let reads = 0
    const moody = {
      get a() {
        if (reads++ > 0) throw new Error('gone')
        return 1
      },
    }
    expect(refusal([moody, new Date(0)]).message).to.match(/^cannot send data\[0\]\.a: .*gone/)
  })

  it('more than the limits, as the receiver will count', () => {
    const times =
      '(a shared one is sent and counted each time); send it in parts, or raise limits.maxValueContainers at both sides'
    expect(refusal([1, 2, 3], { maxNodes: 3 }).message).to.equal(
      `cannot send data: it holds more than 3 values ${times}`,
    )
    expect(refusal({ a: 1, b: 2, c: 3 }, { maxNodes: 3 }).message).to.match(/more than 3 values/)
    expect(refusal([[], [], []], { maxContainers: 3 }).message).to.equal(
      `cannot send data: it holds more than 3 arrays and objects ${times}`,
    )
    expect(
      refusal(
        new Map([
          [1, 1],
          [2, 2],
          [3, 3],
        ]),
        { maxContainers: 3 },
      ).path,
    ).to.equal('data')
    expect(refusal([1n, undefined, -0], { maxAnnotations: 2 }).message).to.equal(
      `cannot send data: it holds more than 2 values that JSON has no type for ${times}`,
    )
    expect(refusal(new Map([['k', new Map([['k', []]])]]), { maxDepth: 4 }).message).to.equal(
      'cannot send data.get("k").get("k"): it is nested more than 4 deep; raise limits.maxValueDepth at both sides',
    )
    expect(
      new StandardCodec(new ClassRegistry(), { maxDepth: 5 }).encode(new Map([['k', new Map([['k', []]])]]), 'data'),
    ).to.be.an('object')
  })

  it('quickly: what shared references blow up, and arrays of holes', () => {
    let bush: unknown = 'leaf'
    for (let i = 0; i < 40; i++) bush = { left: bush, right: bush }
    expect(refusal(bush).message).to.match(/more than 200000 arrays and objects/)
    let richBush: unknown = 1n
    for (let i = 0; i < 40; i++) richBush = [richBush, richBush]
    expect(refusal(richBush).message).to.match(/more than 100000/)
    expect(refusal(new Array(4_294_967_295)).message).to.match(/more than 100000 values that JSON has no type for/)
    expect(refusal(Array.from({ length: 1_000_001 }, () => 1)).message).to.match(/more than 1000000 values/)
  }).timeout(3_000)
})

describe('classes that cannot be declared', () => {
  const invalid = (declare: (registry: ClassRegistry) => void): string => {
    try {
      declare(new ClassRegistry())
    } catch (error) {
      expect(error).to.be.instanceOf(ServerError)
      expect((error as ServerError).code).to.equal('INVALID_ACTION')
      return (error as Error).message
    }
    throw new Error('it was declared')
  }
  const another = (): (new () => Error) => {
    class OutOfStock extends Error {}
    return OutOfStock
  }

  it('another one under a taken name', () => {
    expect(
      invalid((registry) => {
        registry.declareError(another())
        registry.declareError(another())
      }),
    ).to.equal(
      'class OutOfStock cannot have the wire name "OutOfStock": another class, OutOfStock, already has it; give one of them another `static wireName`',
    )
    class Renamed {
      static wireName = 'TypeError'
    }
    expect(invalid((registry) => registry.declareClass(Renamed))).to.match(
      /class Renamed cannot have the wire name "TypeError": another class, TypeError,/,
    )
  })

  it('those whose content is not in fields', () => {
    for (const Class of [Fancy, Map, List, Promise, Date, Buffer]) {
      expect(invalid((registry) => registry.declareClass(Class as never))).to.match(
        /is not in its fields; send a plain one$/,
      )
    }
  })

  it('what is no class, has no name, or is not of errors', () => {
    expect(invalid((registry) => registry.declareClass(Object))).to.match(/is not a class/)
    expect(invalid((registry) => registry.declareClass((() => 1) as never))).to.match(/is not a class/)
    expect(invalid((registry) => registry.declareClass(class {}))).to.match(/without a name/)
    expect(invalid((registry) => registry.declareError(Unknown as never))).to.match(/Unknown is not an error class/)
  })

  it('but the same one twice, a subclass under its own name, and an own wireName', () => {
    const registry = new ClassRegistry()
    const OutOfStock = another()
    class Sub extends OutOfStock {
      static wireName = 'shop.Sub'
    }
    class SubSub extends Sub {}
    registry.declareError(OutOfStock)
    registry.declareError(OutOfStock)
    registry.declareClass(Sub)
    registry.declareClass(SubSub)
    registry.declareClass(Unknown)
    expect(registry.errorNamed('OutOfStock')).to.equal(OutOfStock)
    expect(registry.errorNamed('shop.Sub')).to.equal(Sub)
    expect(registry.nameOf(SubSub)).to.equal('SubSub')
    expect(registry.classNamed('Unknown')).to.equal(Unknown)
    expect(registry.nameOf(Unknown)).to.equal('Unknown')
    expect(registry.nameOf(Fancy)).to.equal(undefined)
  })
})

function cycle(): unknown {
  const a: Record<string, unknown> = { x: 1 }
  a['b'] = a
  return { a }
}

function selfish(): unknown {
  const value: Record<string, unknown> = { big: 1n }
  value['me'] = value
  return value
}

function mapCycle(): unknown {
  const map = new Map<string, unknown>()
  map.set('e', new Error('x', { cause: map }))
  return map
}

function nested(depth: number): unknown {
  let value: unknown[] = []
  for (let i = 1; i < depth; i++) value = [value]
  return value
}
