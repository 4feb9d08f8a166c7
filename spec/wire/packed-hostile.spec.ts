// Whatever bytes stand where a packed value should: a value within the limits or one BAD_REQUEST, at once, and no
// memory for what did not come.
import { expect } from 'chai'
import fc from 'fast-check'
import { ServerError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { ValueUnpacker } from '../../lib/core/wire/packed/value-unpacker.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { longIt, sizeOf } from '../setup/long.ts'
import { fromHex } from './frame-bytes.ts'
import { bytesOf, packed, refuses, unpacked } from './packed-bytes.ts'
import { expectSame } from './same-value.ts'

const unpacker = new ValueUnpacker(defaultValueLimits)
const mebibyte = 1024 * 1024

/** Generous: a busy machine is not the subject. */
const mostMs = 1_000

function refusesCheaply(bytes: Uint8Array, message: string | RegExp): void {
  const whole = new Packed(bytes, 0, bytes.length)
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  const startedAt = performance.now()
  expect(() => unpacker.unpack(whole))
    .to.throw(ServerError, message)
    .with.property('code', 'BAD_REQUEST')
  expect(performance.now() - startedAt).to.be.below(mostMs)
  const after = process.memoryUsage()
  expect(after.arrayBuffers - arrayBuffers, 'array buffers').to.be.below(mebibyte)
  expect(after.heapUsed - heapUsed, 'heap').to.be.below(16 * mebibyte)
}

describe('Hostile packed values', () => {
  const lies: readonly (readonly [string, string, string | RegExp])[] = [
    ['nothing', '', 'ends where a value should be'],
    ['an array 16 without items', 'dc ff ff', '65535 items declared, 0 bytes left'],
    ['an array of 4 billion items', 'dd ff ff ff ff', /more than 1000000 values/],
    ['an array of a million items in three bytes', 'dd 00 0f 42 3f c0 c0 c0', '999999 items declared, 3 bytes left'],
    ['a map of 4 billion fields', 'df ff ff ff ff a1 61', /more than 1000000 values/],
    ['a map of a million fields in two bytes', 'df 00 0f 42 3f a1 61', '999999 items declared, 2 bytes left'],
    ['a map with half of a field', '82 a1 61 01 a1', '1 bytes declared, 0 left'],
    ['a map whose items can not all be there', '82 a1 61 c0', '2 items declared, 3 bytes left'],
    ['a text of 4 GiB', 'db ff ff ff ff 61', '4294967295 bytes declared, 1 left'],
    ['a short text that is longer', 'a5 61', '5 bytes declared, 1 left'],
    ['a key of 4 GiB', '81 db ff ff ff ff 61 c0', '4294967295 bytes declared, 2 left'],
    ['bytes of 4 GiB', 'c6 ff ff ff ff 07', '4294967295 bytes declared, 1 left'],
    ['bytes of 2 GiB', 'c6 7f ff ff ff 07', '2147483647 bytes declared, 1 left'],
    ['a number without its bytes', 'cb 00 00', '8 bytes declared, 2 left'],
    ['the reserved type', 'c1', 'msgpack type 0xc1'],
    ['extension types', '91 d4 01 00', 'msgpack type 0xd4'],
    ['a timestamp', 'd6 ff 00 00 00 00', 'msgpack type 0xd6'],
    ['an extension type of 4 GiB', 'c9 ff ff ff ff 01', 'msgpack type 0xc9'],
    ['nil as a key', '81 c0 c0', 'a key of msgpack type 0xc0'],
    ['a number as a key', '81 01 c0', 'a key of msgpack type 0x1'],
    ['bytes as a key', '81 c4 01 61 c0', 'a key of msgpack type 0xc4'],
    ['an array as a key', '81 90 c0', 'a key of msgpack type 0x90'],
    ['a value too many', '01 02', '1 bytes after the value'],
    ['bytes after an array', '90 c0 c0', '2 bytes after the value'],
    ['2^53', 'cf 00 20 00 00 00 00 00 00', 'a whole number beyond 2^53'],
    ['2^64 - 1', 'cf ff ff ff ff ff ff ff ff', 'a whole number beyond 2^53'],
    ['-2^53', 'd3 ff e0 00 00 00 00 00 00', 'a whole number beyond 2^53'],
    ['-2^63', 'd3 80 00 00 00 00 00 00 00', 'a whole number beyond 2^53'],
  ]
  for (const [what, hex, message] of lies) it(`${what}: refused`, () => refusesCheaply(fromHex(hex), message))

  const bombs: readonly (readonly [string, string, number, string | RegExp])[] = [
    ['arrays in arrays', '91', 4 * mebibyte, 'nested more than 64 deep (limits.maxValueDepth)'],
    ['long arrays in long arrays', 'dd 00 00 00 01', 800_000, 'nested more than 64 deep (limits.maxValueDepth)'],
    ['objects in objects', '81 a0', 2 * mebibyte, 'nested more than 64 deep (limits.maxValueDepth)'],
    ['arrays that claim whatever may be', 'dc ff ff', mebibyte, /nested more than 64 deep|more than 1000000 values/],
  ]
  for (const [what, hex, times, message] of bombs) {
    it(`${what}, ${times} times: refused`, () => {
      const one = fromHex(hex)
      refusesCheaply(Buffer.alloc(one.length * times, one), message)
    })
  }

  it('takes 64 levels and refuses 65', () => {
    for (const open of ['91', 'dc0001', 'dd00000001', '81a0', 'de0001a0', 'df00000001a0']) {
      unpacked(`${open.repeat(64)}c0`)
      refuses(`${open.repeat(65)}c0`, 'nested more than 64 deep (limits.maxValueDepth)')
    }
  })

  it('takes 200 000 arrays, objects and byte arrays, and refuses one more', () => {
    for (const one of ['90', '80', 'c400']) {
      const many = (count: number): Buffer => {
        const head = Buffer.alloc(5, 0xdd)
        head.writeUInt32BE(count, 1)
        return Buffer.concat([head, Buffer.alloc((count * one.length) / 2, fromHex(one))])
      }
      expect(unpacked(many(199_999))).to.have.length(199_999)
      refuses(many(200_000), 'more than 200000 arrays and objects (limits.maxValueContainers)')
    }
  })

  it('takes a million values, and refuses one more', () => {
    const many = (count: number): Buffer => {
      const bytes = Buffer.alloc(5 + count, 0xc0)
      bytes[0] = 0xdd
      bytes.writeUInt32BE(count, 1)
      return bytes
    }
    expect(unpacked(many(999_999))).to.have.length(999_999)
    refusesCheaply(many(1_000_000), 'more than 1000000 values')
    refuses('93 01 02 03', 'more than 3 values', { maxNodes: 3 })
    refuses('92 01 81 a1 61 02', 'more than 3 values', { maxNodes: 3 })
    expect(unpacked('92 01 02', { maxNodes: 3 })).to.deep.equal([1, 2])
  })

  longIt('reads the largest frame of the smallest keys in time', () => {
    const fields = 400_000
    const bytes = Buffer.alloc(5 + fields * 9)
    bytes[0] = 0xdf
    bytes.writeUInt32BE(fields, 1)
    for (let i = 0, at = 5; i < fields; i++) at += writeField(bytes, at, i)
    const startedAt = performance.now()
    expect(Object.keys(unpacked(bytes) as object)).to.have.length(fields)
    expect(performance.now() - startedAt).to.be.below(5 * mostMs)
  })

  it('takes the last of two values of one key, as JSON does', () => {
    expectSame(unpacked('82 a1 61 01 a1 61 02'), { a: 2 })
    const proto = 'a9 5f 5f 70 72 6f 74 6f 5f 5f'
    expectSame(unpacked(`82 ${proto} 01 ${proto} 80`), JSON.parse('{"__proto__":1,"__proto__":{}}'))
    expect(Object.getPrototypeOf(unpacked(`81 ${proto} 80`))).to.equal(Object.prototype)
  })

  it('reads what is no UTF-8 as replacement characters, in keys and values, again and again', () => {
    for (const text of ['ff', '61 ff 62', 'ed a0 80', 'c0 80', 'f0 9f 98', 'ff'.repeat(11), `ff${'61'.repeat(30)}`]) {
      const bytes = fromHex(text)
      const expected = bytes.toString('utf8')
      expect(expected).to.include('\ufffd')
      const head = `d9 ${bytes.length.toString(16).padStart(2, '0')}`
      for (let round = 0; round < 2; round++)
        expectSame(unpacked(`81 ${head} ${text} ${head} ${text}`), { [expected]: expected })
    }
  })

  it('takes no key that is no UTF-8 for one of the same characters that came before', () => {
    for (let i = 0; i < 3_000; i++) {
      const key = Buffer.from(`${i}\u00e9`, 'latin1')
      unpacked(bytesOf(packed({ [`${i}\u00e9`]: 0 })))
      const head = Buffer.of(0x81, 0xa0 | key.length)
      expectSame(unpacked(Buffer.concat([head, key, Buffer.of(0)])), { [`${i}\ufffd`]: 0 })
    }
  })

  it('refuses every truncation of a value', () => {
    const value = {
      numbers: [0, -1, 200, 70_000, 2 ** 31, 1.5, -0, Number.NaN],
      texts: ['', 'short', 'é', 'x'.repeat(90), '€'.repeat(100)],
      bytes: [new Uint8Array(3), new Uint8Array(300)],
      long: Array.from({ length: 20 }, (_, i) => ({ i, yes: true, no: null })),
      'a key of more than twenty-four characters': {},
    }
    const bytes = bytesOf(packed(value))
    expectSame(unpacked(bytes), value)
    for (let length = 0; length < bytes.length; length++) refuses(bytes.subarray(0, length), /declared|ends where/)
    refuses(Buffer.concat([bytes, Buffer.alloc(1)]), '1 bytes after the value')
  })

  it('is a value or a BAD_REQUEST for any bytes, and the next value is read as ever', () => {
    const anyHead = fc.constantFrom(
      0x81,
      0x92,
      0x9f,
      0xa3,
      0xc4,
      0xc5,
      0xc6,
      0xcf,
      0xd3,
      0xd9,
      0xda,
      0xdb,
      0xdc,
      0xdd,
      0xde,
    )
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.oneof(anyHead, fc.nat(5)), { maxLength: 40 }),
    )
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        try {
          unpacked(Uint8Array.from(bytes))
        } catch (error) {
          expect(error).to.be.instanceOf(ServerError).with.property('code', 'BAD_REQUEST')
        }
        expectSame(unpacked('82 a1 61 01 a1 62 92 c0 c3'), { a: 1, b: [null, true] })
      }),
      { numRuns: sizeOf({ all: 5_000, few: 1_000 }) },
    )
  })
})

/** A key of seven digits, and nil: nine bytes. */
function writeField(bytes: Buffer, at: number, number: number): number {
  bytes[at] = 0xa7
  bytes.write(String(number).padStart(7, '0'), at + 1, 'latin1')
  bytes[at + 8] = 0xc0
  return 9
}
