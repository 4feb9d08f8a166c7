// Plain values, packed and unpacked: every border of the form, and what is left to the other forms.
import { expect } from 'chai'
import fc from 'fast-check'
import { UnsendableError } from '../../lib/core/base/errors.ts'
import type { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { ValuePacker } from '../../lib/core/wire/packed/value-packer.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { anyCharacter } from '../setup/any-character.ts'
import { longIt } from '../setup/long.ts'
import { toHex } from './frame-bytes.ts'
import { bytesOf, packed, unpacked, unpackedBare } from './packed-bytes.ts'
import { expectSame, overTheWire, show } from './same-value.ts'

const codec = new StandardCodec(new ClassRegistry())
const packer = new ValuePacker(defaultValueLimits)

function arrives(value: unknown): void {
  const bytes = bytesOf(packed(value))
  expectSame(unpacked(bytes), value)
  expectSame(unpackedBare(bytes), value)
}

/** Not packed, but it arrives by another form. */
function arrivesOtherwise(value: unknown, form: 'text' | 'rich'): void {
  expect(packer.pack(value)).to.equal(undefined)
  const payload = codec.encode(value, 'data')
  expect(typeof payload === 'string' ? 'text' : 'rich').to.equal(form)
  expectSame(codec.decode(overTheWire(payload)), value)
}

describe('Packed values', () => {
  const borders: readonly (readonly [unknown, string])[] = [
    [null, 'c0'],
    [false, 'c2'],
    [true, 'c3'],
    [0, '00'],
    [127, '7f'],
    [128, 'cc 80'],
    [255, 'cc ff'],
    [256, 'cd 01 00'],
    [65_535, 'cd ff ff'],
    [65_536, 'ce 00 01 00 00'],
    [2 ** 31 - 1, 'ce 7f ff ff ff'],
    [2 ** 31, 'ce 80 00 00 00'],
    [2 ** 32 - 1, 'ce ff ff ff ff'],
    [2 ** 32, 'cb 41 f0 00 00 00 00 00 00'],
    [Number.MAX_SAFE_INTEGER, 'cb 43 3f ff ff ff ff ff ff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd2 ff ff ff df'],
    [-(2 ** 31), 'd2 80 00 00 00'],
    [-(2 ** 31) - 1, 'cb c1 e0 00 00 00 20 00 00'],
    [-0, 'cb 80 00 00 00 00 00 00 00'],
    [1.5, 'cb 3f f8 00 00 00 00 00 00'],
    [Number.POSITIVE_INFINITY, 'cb 7f f0 00 00 00 00 00 00'],
    [Number.NEGATIVE_INFINITY, 'cb ff f0 00 00 00 00 00 00'],
    [Number.NaN, 'cb 7f f8 00 00 00 00 00 00'],
    ['', 'a0'],
    ['a', 'a1 61'],
    ['é', 'd9 02 c3 a9'],
    [[], '90'],
    [{}, '80'],
    [{ a: [1] }, '81 a1 61 91 01'],
  ]
  for (const [value, hex] of borders) {
    it(`${typeof value === 'number' ? show(value) : JSON.stringify(value)} is ${hex}`, () => {
      expect(toHex(bytesOf(packed(value)))).to.equal(hex)
      arrives(value)
    })
  }

  it('carry doubles of every size', () => {
    for (const value of [Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON, 2 ** 53, 1e21, -1e-7])
      arrives(value)
    fc.assert(fc.property(fc.double(), fc.integer(), (...numbers) => arrives(numbers)))
  })

  for (const [kind, unit] of [
    ['ASCII', 'x'],
    ['two bytes', 'é'],
    ['three bytes', '€'],
    ['four bytes', '😀'],
    ['a byte order mark', '\ufeff'],
  ] as const) {
    it(`carry texts of every length that matters, of characters of ${kind}`, () => {
      const lengths = Array.from({ length: 31 }, (_, length) => length)
      for (const length of [...lengths, 85, 86, 255, 256, 65_535, 65_536]) {
        const text = unit.repeat(length)
        arrives(text)
        arrives([text, { [text]: text }])
        // The one that is not ASCII is the last that is looked at.
        arrives(`${'x'.repeat(length)}${unit}`)
      }
    })
  }

  longIt('carry arrays and objects at the borders of their heads', () => {
    for (const count of [0, 1, 15, 16, 65_535, 65_536]) {
      const items = Array.from({ length: count }, (_, i) => i)
      arrives(items)
      arrives(Object.fromEntries(items.map((i) => [`k${i}`, i])))
    }
  })

  it('carry the keys that JavaScript has its own meaning for', () => {
    arrives(JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":null}}'))
    arrives({ constructor: { prototype: 1 }, prototype: 2, hasOwnProperty: 3, toString: null, then: 4, length: 5 })
    arrives({ 10: 'a', 9: 'b', '-1': 'c', '1.5': 'd', '': 'e', 4294967295: 'f' })
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    arrivesOtherwise({ toJSON: 1 }, 'text')
  })

  it('tell keys apart that share a place in the cache, over and over', () => {
    // Equal in length and sum: whatever is kept of the one must not be taken for the other.
    const alike = ['Aa', 'BB', 'AaAa', 'BBBB', 'AaBB', 'BBAa']
    for (let round = 0; round < 3; round++) for (const key of alike) arrives({ [key]: key })
    const many = Array.from({ length: 5_000 }, (_, i) => `key${i * 7_919}`)
    for (let round = 0; round < 2; round++) arrives(Object.fromEntries(many.map((key) => [key, key])))
  })

  it('carry keys around the length that is looked up', () => {
    for (let length = 20; length < 30; length++) {
      for (const unit of ['k', 'é', '\ufffd']) {
        const key = unit.repeat(length)
        arrives([{ [key]: 1 }, { [key]: 2 }, { [`${key}x`]: 3 }])
      }
    }
  })

  it('give objects without a prototype the usual one', () => {
    arrives(Object.assign(Object.create(null), { a: Object.assign(Object.create(null), { b: 1 }) }))
  })

  it('carry bare byte arrays up to 16 KiB within, and leave larger ones to travel beside', () => {
    for (const length of [0, 1, 255, 256, 65, 16 * 1024]) arrives({ bytes: new Uint8Array(length).fill(length) })
    arrivesOtherwise({ bytes: new Uint8Array(16 * 1024 + 1) }, 'rich')
    arrivesOtherwise([Buffer.from('hi')], 'rich')
    arrivesOtherwise([new Uint16Array(2)], 'rich')
  })

  it('leave what msgpack has no form for to JSON text and to the rich form', () => {
    arrivesOtherwise('\ud800', 'text')
    arrivesOtherwise(`${'x'.repeat(100)}\udfff`, 'text')
    arrivesOtherwise({ 'key \ud83d': ['\ude00\ud83d'] }, 'text')
    arrivesOtherwise(['\ud800', Number.NaN], 'rich')
    for (const value of [1n, new Date(0), [undefined], [new Map()], [new Set([1])], [new URL('a:b')]])
      arrivesOtherwise(value, 'rich')
    const sparse = [1]
    sparse[2] = 3
    expect(packer.pack(sparse)).to.equal(undefined)
    expect(codec.decode(codec.encode(sparse, 'data'))).to.deep.equal([1, undefined, 3])
  })

  it('leave what throws to the walk that says where', () => {
    const broken = {
      get b() {
        throw new Error('no b')
      },
    }
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    for (const value of [broken, revoked.proxy]) {
      expect(packer.pack({ a: value })).to.equal(undefined)
      expect(() => codec.encode({ a: value }, 'data')).to.throw(UnsendableError, /^cannot send data\.a/)
    }
    arrives({ after: 'all' })
  })

  it('are not mixed up when a getter packs another value meanwhile', () => {
    const nested: Packed[] = []
    const value = {
      before: 'b'.repeat(100),
      get during() {
        nested.push(codec.encode({ other: 'value' }, 'data') as Packed)
        return 1
      },
      after: [1, 2, 3],
    }
    const came = codec.decode(overTheWire(codec.encode(value, 'data')))
    expect(came).to.deep.equal({ before: 'b'.repeat(100), during: 1, after: [1, 2, 3] })
    for (const payload of nested) expect(codec.decode(overTheWire(payload))).to.deep.equal({ other: 'value' })
    arrives({ after: 'all' })
  })

  it('go as deep and hold as much as the limits say, and no more', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? 'x' : depth % 2 ? [nested(depth - 1)] : { k: nested(depth - 1) }
    arrives(nested(64))
    expect(packer.pack(nested(65))).to.equal(undefined)
    expect(() => codec.encode(nested(65), 'data')).to.throw(
      UnsendableError,
      'nested more than 64 deep; raise limits.maxValueDepth at both sides',
    )
    const holds = (value: unknown, limits: object): boolean =>
      new ValuePacker({ ...defaultValueLimits, ...limits }).pack(value) !== undefined
    expect(holds([1, 2], { maxNodes: 3 })).to.equal(true)
    expect(holds([1, 2, 3], { maxNodes: 3 })).to.equal(false)
    expect(holds({ a: 1, b: { c: 1 } }, { maxNodes: 4 })).to.equal(true)
    expect(holds({ a: 1, b: { c: 1, d: 1 } }, { maxNodes: 4 })).to.equal(false)
    expect(holds([[], {}, new Uint8Array(1)], { maxContainers: 4 })).to.equal(true)
    expect(holds([[], {}, new Uint8Array(1), []], { maxContainers: 4 })).to.equal(false)
  })

  longIt('carry any plain value', () => {
    const text = fc.oneof(fc.string({ unit: anyCharacter }), fc.string({ maxLength: 100 }))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.oneof(
          fc.constant(null),
          fc.boolean(),
          fc.integer(),
          fc.maxSafeInteger(),
          fc.double(),
          text,
          fc.uint8Array(),
        ),
        fc.array(tie('value'), { maxLength: 20 }),
        fc.dictionary(text, tie('value'), { maxKeys: 20 }),
      ),
    }))
    fc.assert(
      fc.property(value, (sent) => expectSame(codec.decode(overTheWire(codec.encode(sent, 'data'))), sent)),
      {
        numRuns: 1_000,
      },
    )
  })
})
