import { types } from 'node:util'
import { expect } from 'chai'
import {
  ActionError,
  BusyError,
  IsockError,
  RemoteError,
  UnsendableError,
  ValidationError,
} from '../../lib/core/base/errors.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { encodeThrown } from '../../lib/core/wire/encode-thrown.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { decodeThrown, reviveError, toErrorRecord } from '../../lib/core/wire/rich/error-record.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'

class OutOfStock extends ActionError {
  static constructed = 0
  readonly left: number
  constructor(left: number) {
    super(`only ${left} left`, { code: 'OUT_OF_STOCK' })
    this.left = left
    OutOfStock.constructed++
  }
  get isEmpty(): boolean {
    return this.left === 0
  }
}
class Moody extends Error {
  readonly #mood = 'bad'
  override get name(): string {
    return `Moody (${this.#mood})`
  }
}
class Quiet extends Error {}
class Plainly extends Error {}

const serverClasses = new ClassRegistry()
for (const Class of [OutOfStock, Moody, Plainly]) serverClasses.declareError(Class)
const server = new StandardCodec(serverClasses)
const clientClasses = new ClassRegistry()
clientClasses.declareError(OutOfStock)
clientClasses.declareError(Moody)
const client = new StandardCodec(clientClasses)
const stranger = new StandardCodec(new ClassRegistry())

const arrived = (thrown: unknown, options: { exposeStacks?: boolean; at?: StandardCodec } = {}): unknown =>
  decodeThrown(options.at ?? client, encodeThrown(server, thrown, options))

describe('thrown errors', () => {
  it('arrive as their declared class, without its constructor', () => {
    const thrown = new OutOfStock(0)
    const before = OutOfStock.constructed
    const error = arrived(thrown) as OutOfStock
    expect(error).to.be.instanceOf(OutOfStock)
    expect(error).to.include({
      name: 'OutOfStock',
      message: 'only 0 left',
      code: 'OUT_OF_STOCK',
      left: 0,
      isEmpty: true,
      notStarted: false,
    })
    expect(OutOfStock.constructed).to.equal(before)
  })

  it("arrive as JavaScript's and isock's own classes", () => {
    for (const Class of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
      const error = arrived(new Class('m')) as Error
      expect(Object.getPrototypeOf(error)).to.equal(Class.prototype)
      expect(error.message).to.equal('m')
      expect(Object.hasOwn(error, 'name')).to.equal(false)
    }
    expect(arrived(new BusyError('full')))
      .to.be.instanceOf(BusyError)
      .and.include({ code: 'BUSY', notStarted: true })
    const invalid = arrived(new ValidationError('bad', [{ message: 'm', path: ['a', 1] }])) as ValidationError
    expect(invalid.issues).to.deep.equal([{ message: 'm', path: ['a', 1] }])
    const all = arrived(new AggregateError([new OutOfStock(1), 'two'], 'all')) as AggregateError
    expect(all).to.be.instanceOf(AggregateError)
    expect(all.errors[0]).to.be.instanceOf(OutOfStock)
    expect(all.errors[1]).to.equal('two')
    expect(Object.keys(all)).to.deep.equal([])
    expect(Object.keys(arrived(Object.assign(new Error('m'), { errors: [1] })) as object)).to.deep.equal(['errors'])
  })

  it('are native errors with the properties of native errors', () => {
    const error = arrived(new TypeError('m', { cause: 1 })) as Error
    expect(types.isNativeError(error)).to.equal(true)
    expect(Object.keys(error)).to.deep.equal([])
    expect(Object.getOwnPropertyNames(error)).to.have.members(['stack', 'message', 'cause'])
    expect(Object.hasOwn(arrived(new Error('m')) as Error, 'cause')).to.equal(false)
    expect(arrived(new Error('m', { cause: undefined }))).to.have.own.property('cause', undefined)
  })

  it('keep a name of their own, and causes of any depth', () => {
    const named = Object.assign(new Error('m'), { name: 'Special' })
    expect(arrived(named)).to.include({ name: 'Special', message: 'm' })
    expect(Object.getPrototypeOf(arrived(named))).to.equal(Error.prototype)
    let chain = new Error('0')
    for (let i = 1; i < 50; i++) chain = new Error(String(i), { cause: chain })
    let error = arrived(chain) as Error
    for (let i = 49; i > 0; i--) {
      expect(error.message).to.equal(String(i))
      error = error.cause as Error
    }
  })

  it('arrive where their class is not known as RemoteError with everything that can be read', () => {
    const thrown = Object.assign(new OutOfStock(3), { at: new Date(5), cause: new OutOfStock(1) })
    const error = arrived(thrown, { at: stranger }) as RemoteError
    expect(error).to.be.instanceOf(RemoteError)
    expect(error).to.include({ name: 'OutOfStock', message: 'only 3 left', code: 'OUT_OF_STOCK' })
    expect(error.data).to.deep.equal({ notStarted: false, left: 3, at: new Date(5) })
    expect(arrived(new Plainly('m'), { at: stranger })).to.include({ name: 'Plainly', message: 'm' })
    expect(error.cause).to.be.instanceOf(RemoteError).and.include({ message: 'only 1 left' })
  })

  it('of undeclared classes are named by their class where they have no better name', () => {
    expect(arrived(new Quiet('m')))
      .to.be.instanceOf(RemoteError)
      .and.include({ name: 'Quiet', code: 'REMOTE_ERROR' })
    expect(arrived(Object.assign(new Quiet('m'), { name: 'Loud', code: 7 }))).to.include({ name: 'Loud', code: '7' })
    expect(arrived(new DOMException('stop', 'AbortError')))
      .to.be.instanceOf(RemoteError)
      .and.include({ name: 'AbortError', message: 'stop' })
    const nested = arrived(Object.assign(new Quiet('m'), { code: { deep: 1 } })) as RemoteError
    expect(nested.data).to.deep.equal({ code: { deep: 1 } })
  })

  it('of an undeclared class are never taken for a declared one of the same name', () => {
    const impostor = new (class OutOfStock extends Error {})('m')
    expect(arrived(impostor)).to.be.instanceOf(RemoteError).and.include({ name: 'OutOfStock' })
  })

  it('pass through a process in between as what they were', () => {
    const once = arrived(new Quiet('m'))
    const twice = decodeThrown(stranger, encodeThrown(client, once)) as RemoteError
    expect(twice).to.be.instanceOf(RemoteError).and.include({ name: 'Quiet', message: 'm' })
  })

  it('revive where a getter of the class depends on its constructor', () => {
    const error = arrived(new Moody('m')) as Error
    expect(error).to.be.instanceOf(Moody).and.include({ name: 'Moody (bad)', message: 'm' })
  })

  for (const writable of [true, false]) {
    it(`arrive, and leave the length of stacks as it was, where that ${writable ? 'can' : 'cannot'} be changed`, () => {
      const limit = Error.stackTraceLimit
      Object.defineProperty(Error, 'stackTraceLimit', { value: limit, writable })
      try {
        const error = arrived(new OutOfStock(3)) as OutOfStock
        expect(error.stack).to.equal('OutOfStock: only 3 left')
        expect(Object.getOwnPropertyDescriptor(error, 'stack')).to.include({ enumerable: false, configurable: true })
        expect(types.isNativeError(error)).to.equal(true)
        expect(Error.stackTraceLimit).to.equal(limit)
      } finally {
        Object.defineProperty(Error, 'stackTraceLimit', { value: limit, writable: true })
      }
    })
  }

  it('tell their stack only where that is wanted', () => {
    const secret = new Error('m', { cause: new Error('c') })
    const error = arrived(secret) as Error
    expect(error.stack).to.equal('Error: m')
    expect((error.cause as Error).stack).to.equal('Error: c')
    expect(JSON.stringify(encodeThrown(server, secret))).to.not.include('errors-values')
    const exposed = arrived(secret, { exposeStacks: true }) as Error
    expect(exposed.stack).to.equal(secret.stack)
    expect((exposed.cause as Error).stack).to.equal((secret.cause as Error).stack)
    expect(Object.keys(exposed)).to.deep.equal([])
    const remote = arrived(new OutOfStock(1), { exposeStacks: true, at: stranger }) as Error
    expect(remote.stack).to.include('errors-values')
  })

  it('that are no errors travel as the value', () => {
    for (const thrown of ['x', 5, null, undefined, { a: 1 }, [1n], false, 0])
      expect(arrived(thrown)).to.deep.equal(thrown)
  })

  it('that cannot travel tell why', () => {
    const error = arrived(() => 1) as UnsendableError
    expect(error)
      .to.be.instanceOf(UnsendableError)
      .and.include({ message: 'cannot send error: functions cannot be serialized', path: 'error' })
    expect(
      arrived({
        get a(): never {
          throw () => 1
        },
      }),
    ).to.be.instanceOf(UnsendableError)
  })

  it('leave behind just the parts that cannot travel', () => {
    const thrown = Object.assign(new OutOfStock(2), {
      retry: () => 1,
      socket: new (class Socket {})(),
      at: new Date(3),
    })
    const error = arrived(thrown) as OutOfStock & { at: Date }
    expect(error).to.be.instanceOf(OutOfStock).and.include({ message: 'only 2 left', left: 2 })
    expect(error.at).to.deep.equal(new Date(3))
    expect(error).to.not.have.any.keys('retry', 'socket')

    const cause = Object.assign(new TypeError('inner'), { f() {}, kept: 1 })
    const outer = arrived(new RangeError('outer', { cause })) as Error
    expect(outer).to.be.instanceOf(RangeError)
    expect(outer.cause)
      .to.be.instanceOf(TypeError)
      .and.include({ message: 'inner', kept: 1 })
      .and.not.have.property('f')

    const all = arrived(new AggregateError([cause, new Error('fine')], 'all')) as AggregateError
    expect(all.errors.map((each: Error) => each.message)).to.deep.equal(['inner', 'fine'])
    expect(Object.hasOwn(arrived(new Error('m', { cause: () => 1 })) as Error, 'cause')).to.equal(false)
  })

  it('always arrive: circles, bushes, chains, crowds, hostile getters', () => {
    const circle = new TypeError('circle')
    circle.cause = circle
    expect(arrived(circle)).to.be.instanceOf(TypeError).and.include({ message: 'circle' })

    const bush = new AggregateError([], 'bush') as AggregateError & Record<string, unknown>
    for (let i = 0; i < 20; i++) bush[`e${i}`] = bush
    bush.errors = Array(20).fill(bush)
    bush.cause = bush
    expect(arrived(bush)).to.be.instanceOf(AggregateError).and.include({ message: 'bush' })

    let chain = new Error('0')
    for (let i = 1; i < 500; i++) chain = new RangeError(String(i), { cause: chain })
    expect(arrived(chain)).to.be.instanceOf(RangeError).and.include({ message: '499' })

    const crowd = Object.assign(
      new Error('crowd'),
      Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`f${i}`, Array(400_000).fill(1)])),
    )
    expect(arrived(crowd)).to.include({ message: 'crowd' }).and.have.keys('f0', 'f1')

    const throwing = Object.defineProperty(new Error('t'), 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    expect(arrived(throwing)).to.include({ message: 't' }).and.not.have.property('x')
    const nameless = Object.defineProperty(new Error('n'), 'name', {
      get: () => {
        throw new Error('no')
      },
    })
    expect(arrived(nameless)).to.be.instanceOf(Error).and.include({ message: 'n' })
    const odd = Object.defineProperty(new Error('o'), 'message', { value: Symbol('message') })
    expect(arrived(odd)).to.include({ message: 'Symbol(message)' })
    const proxy = new Proxy(new Error('p'), {
      get: () => {
        throw new Error('no')
      },
      ownKeys: () => {
        throw new Error('no')
      },
    })
    expect(arrived(proxy)).to.be.instanceOf(Error)
    const secretive = new Proxy(new Error('p'), {
      getPrototypeOf: () => {
        throw new Error('no')
      },
    })
    expect(arrived(secretive)).to.be.instanceOf(Error)
  }).timeout(5_000)

  it('that came as garbage are a bad request', () => {
    expect(() => decodeThrown(client, '{' as Payload))
      .to.throw(IsockError)
      .with.property('code', 'BAD_REQUEST')
  })
})

describe("an error's record", () => {
  it('names the class once, and only where it is declared', () => {
    const registry = serverClasses
    expect(toErrorRecord(new OutOfStock(1), { registry })).to.deep.equal({
      class: 'OutOfStock',
      message: 'only 1 left',
    })
    const listed = Object.assign(new Error('m'), { errors: [1] })
    expect(toErrorRecord(listed, { registry })).to.deep.equal({ class: 'Error', message: 'm' })
    expect(toErrorRecord(new Quiet('m'), { registry })).to.deep.equal({ name: 'Quiet', message: 'm' })
    expect(toErrorRecord(Object.assign(new TypeError('m'), { name: 'N', cause: 0 }), { registry })).to.deep.equal({
      class: 'TypeError',
      name: 'N',
      message: 'm',
      cause: 0,
    })
  })

  it('says of a class that is unknown here whether it was meant for its caller', () => {
    const none = new ClassRegistry()
    for (const [record, isMeant] of [
      [{ message: 'm' }, false],
      [{ message: 'm', name: 'Quiet', fields: { notStarted: 'no' } }, false],
      [{ message: 'm', class: 'OutOfStock' }, true],
      [{ message: 'm', fields: { notStarted: false } }, true],
    ] as const)
      expect(reviveError(record, none), JSON.stringify(record)).to.have.property('isDeclared', isMeant)
  })

  it('is refused where it is none', () => {
    for (const none of [null, 'x', [], new Map(), {}, { message: 1 }, { message: 'm', class: 5 }]) {
      expect(() => reviveError(none, serverClasses))
        .to.throw(IsockError)
        .with.property('code', 'BAD_REQUEST')
    }
  })
})
