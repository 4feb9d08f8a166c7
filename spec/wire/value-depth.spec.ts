// How deep each kind of value is: with a limit of so much it is sent and arrives, with less it is refused.
import { expect } from 'chai'
import { ServerError, UnsendableError } from '../../lib/core/base/errors.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { expectSame, overTheWire } from './same-value.ts'

class Point {
  readonly at: unknown

  constructor(at: unknown = 0) {
    this.at = at
  }
}

const classes = new ClassRegistry()
classes.declareClass(Point)

const withKey = (key: string, value: unknown): object =>
  Object.defineProperty({}, key, { value, enumerable: true, writable: true, configurable: true })

describe('The depth of a value', () => {
  /** A bigint makes the whole value one that JSON has no type for. */
  const kinds: readonly [what: string, value: unknown, depth: number][] = [
    ['an array', [], 1],
    ['an object', {}, 1],
    ['what is in both', [{ a: [] }], 3],
    ['bytes among plain values', [new Uint8Array(2)], 2],
    ['an array of what JSON has no type for', [1n], 1],
    ['an object of it', { a: 1n }, 1],
    ['a date', [new Date(5)], 1],
    ['bytes beside it', [1n, new Uint8Array(2)], 2],
    ['an empty Map', new Map(), 1],
    ['a Map', new Map([['a', 1]]), 2],
    ['what is in a Map', new Map([['a', []]]), 3],
    ['the key of a Map', new Map([[[], 1]]), 3],
    ['an empty Set', new Set(), 1],
    ['a Set', new Set([1]), 1],
    ['what is in a Set', new Set([[]]), 2],
    ['an error', [new Error('m')], 2],
    ['one with fields', [new ServerError('m')], 3],
    ['its cause', [new Error('m', { cause: [] })], 3],
    ['an instance of a class', new Point(), 2],
    ['what is in it', new Point([]), 3],
    ['an object with a key that is sent apart', withKey('__proto__', 1n), 2],
    ['what is in that', withKey('__proto__', [1n]), 3],
  ]

  for (const [what, value, depth] of kinds)
    it(`is ${depth} for ${what}`, () => {
      const codec = (maxDepth: number): StandardCodec => new StandardCodec(classes, { maxDepth })
      const sent = codec(depth).encode(value, 'data')
      const came = codec(depth).decode(overTheWire(sent))
      if (Array.isArray(value) && value[0] instanceof Error) expect((came as Error[])[0]).to.be.instanceOf(Error)
      else expectSame(came, value)
      expect(() => codec(depth - 1).encode(value, 'data')).to.throw(
        UnsendableError,
        `nested more than ${depth - 1} deep`,
      )
    })

  it('is 2 for a stream in an array', () => {
    async function* items(): AsyncGenerator<number> {
      yield 1
    }
    const encode = (maxDepth: number): unknown =>
      new StandardCodec(classes, { maxDepth }).encode([items()], 'data', {}, 'own', { place: () => 0 })
    encode(2)
    expect(() => encode(1)).to.throw(UnsendableError, 'nested more than 1 deep')
  })
})
