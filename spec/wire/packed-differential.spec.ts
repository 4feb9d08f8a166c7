// The packed form against @msgpack/msgpack: each reads what the other writes, in every width that msgpack has.
import { decode as decodeBytes, Encoder, encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import fc from 'fast-check'
import { longIt, sizeOf } from '../setup/long.ts'
import { anyUint } from './frame-arbitrary.ts'
import { fromHex } from './frame-bytes.ts'
import { bytesOf, packed, unpacked } from './packed-bytes.ts'
import { expectSame } from './same-value.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.tuple(fc.constantFrom('x', 'é', '€', '😀'), fc.nat(300)).map(([unit, count]) => unit.repeat(count)),
)
const anyNumber = fc.oneof(
  fc.double(),
  fc.float(),
  anyUint,
  anyUint.map((number) => -number),
  fc.integer({ min: -300, max: 300 }),
)
// The other side refuses the key `__proto__`.
const anyKey = anyText.filter((key) => key !== '__proto__')

const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), anyNumber, anyText, fc.uint8Array({ maxLength: 300 })),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(anyKey, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value

const borders: readonly unknown[] = [
  ...[0, 5, 7, 8, 15, 16, 31, 32, 33, 52].flatMap((bits) => [2 ** bits - 1, 2 ** bits, -(2 ** bits), -(2 ** bits) - 1]),
  ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 2 ** 64, Number.NaN, 1 / 0, -1 / 0, 0.1, 1e-320],
  ...[0, 1, 10, 11, 12, 23, 24, 31, 32, 85, 86, 255, 256, 65_535, 65_536].flatMap((length) =>
    ['x', 'é', '€'].map((unit) => unit.repeat(length)),
  ),
  ...[0, 1, 15, 16, 65_535, 65_536].map((count) => new Array(count).fill(null)),
  ...[0, 1, 15, 16, 65_535, 65_536].map((count) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])),
  ),
  ...[0, 1, 255, 256, 16_384].map((length) => [new Uint8Array(length).fill(7)]),
]

/** Gives byte arrays of the class of the whole: here of none but Uint8Array. */
const decode = (bytes: Uint8Array): unknown => decodeBytes(new Uint8Array(bytes))

/** Msgpack's one integer zero stands for both of JavaScript's. */
function withOneZero(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (Array.isArray(value)) return value.map(withOneZero)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withOneZero(part)]))
}

describe('Packed values, against @msgpack/msgpack', () => {
  longIt('what we pack it decodes to the same value', () => {
    for (const value of borders) expectSame(decode(bytesOf(packed(value))), value)
    fc.assert(
      fc.property(anyValue, (value) => expectSame(decode(bytesOf(packed(value))), value)),
      { numRuns: sizeOf({ all: 1_000, few: 60 }) },
    )
  })

  it('what it encodes we unpack to the same value', () => {
    for (const value of borders) expectSame(unpacked(encode(value)), value)
    fc.assert(
      fc.property(anyValue, (value) => expectSame(unpacked(encode(value)), withOneZero(value))),
      {
        numRuns: sizeOf({ all: 1_000, few: 60 }),
      },
    )
  })

  it('what it encodes with floats of 32 bits we unpack as it does', () => {
    const encoder = new Encoder({ forceFloat32: true })
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encoder.encode(value)
        expectSame(unpacked(bytes), decode(bytes))
      }),
    )
  })

  it('what it encodes with every number as a float we unpack exactly', () => {
    const encoder = new Encoder({ forceIntegerToFloat: true })
    fc.assert(fc.property(anyValue, (value) => expectSame(unpacked(encoder.encode(value)), value)))
  })

  it('what it encodes of 64-bit integers we unpack', () => {
    const encoder = new Encoder({ useBigInt64: true })
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        expectSame(unpacked(encoder.encode(BigInt(number))), number === 0 ? 0 : number)
      }),
    )
  })

  it('every width that it decodes we unpack as it does, also where a shorter one would do', () => {
    for (const hex of [
      ...['cc 00', 'cd 00 00', 'ce 00 00 00 00', 'cf 00 00 00 00 00 00 00 00', 'cf 00 1f ff ff ff ff ff ff'],
      ...['d0 80', 'd0 7f', 'd1 80 00', 'd1 00 05', 'd2 80 00 00 00', 'd3 ff ff ff ff ff ff ff ff'],
      ...[
        'd3 ff e0 00 00 00 00 00 01',
        'd3 00 00 00 00 00 00 00 00',
        'ca 3f 80 00 00',
        'ca 7f c0 00 00',
        'ca 80 00 00 00',
      ],
      ...[
        'd9 00',
        'da 00 00',
        'db 00 00 00 00',
        'd9 01 61',
        'da 00 01 61',
        'db 00 00 00 01 61',
        'bf'.padEnd(95, ' 61'),
      ],
      ...['91 c4 00', '91 c5 00 01 07', '91 c6 00 00 00 01 07'],
      ...['dc 00 00', 'dc 00 01 c0', 'dd 00 00 00 00', 'dd 00 00 00 01 c0'],
      ...['de 00 00', 'de 00 01 a1 61 c0', 'df 00 00 00 00', 'df 00 00 00 01 a1 61 c0'],
      ...['81 a0 c0', '81 d9 01 61 c0', '81 da 00 01 61 c0', '81 db 00 00 00 01 61 c0'],
      // Two of one key: the last one counts.
      '82 a1 61 01 a1 61 02',
    ]) {
      const bytes = fromHex(hex)
      expectSame(unpacked(bytes), decode(bytes))
    }
  })

  longIt('a byte changed anywhere is the same value to both, or one refuses it', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.nat(255), (value, position, byte) => {
        const bytes = bytesOf(packed(value))
        bytes[position % Math.min(bytes.length, 200)] = byte
        const [ours, theirs] = [outcome(() => unpacked(bytes)), outcome(() => decode(bytes))]
        // Of a text that is no UTF-8 any more each makes what it can.
        if (ours.ok && JSON.stringify(ours.value).includes('\ufffd')) return
        if (ours.ok && theirs.ok) expectSame(ours.value, theirs.value)
        // The other side takes extension types and numbers for keys; and whatever we take, it takes.
        if (ours.ok && !theirs.ok) expect(String(theirs.error)).to.include('__proto__')
      }),
      { numRuns: sizeOf({ all: 3_000, few: 80 }) },
    )
  })
})

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

function outcome(read: () => unknown): Outcome {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    return { ok: false, error }
  }
}
