// The scan that comes before msgpack of free shape is decoded: what it lets pass, and each bound.
import { decode, encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import fc from 'fast-check'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { scanMsgpack } from '../../lib/core/wire/frames/scanner.ts'
import { sizeOf } from '../setup/long.ts'
import { anyPlain } from './frame-arbitrary.ts'
import { fromHex } from './frame-bytes.ts'

function scan(bytes: Uint8Array | string, limits = { maxDepth: 64, maxItems: 100_000 }): void {
  const body = typeof bytes === 'string' ? fromHex(bytes) : bytes
  const around = Buffer.concat([Buffer.alloc(2, 0xc1), body, Buffer.alloc(2, 0xc0)])
  scanMsgpack(around, 2, 2 + body.length, limits)
}

describe('Scanner', () => {
  const values = [
    '00 7f e0 ff c0 c2 c3',
    'cc_ff cd_ffff ce_ffffffff cf_ffffffffffffffff d0_80 d1_8000 d2_80000000 d3_8000000000000000',
    'ca_3f800000 cb_3ff0000000000000 a0 a1_61 d9_01_61 da_0001_61 db_00000001_61 c4_01_00 c5_0001_00 c6_00000001_00',
    '90 91_00 dc_0001_00 dd_00000001_00 80 81_00_00 de_0001_00_00 df_00000001_00_00',
  ]
  for (const value of values.join(' ').replaceAll('_', '').split(' ')) {
    it(`passes ${value}, and refuses it when it is cut or has a byte too many`, () => {
      scan(value)
      const bytes = fromHex(value)
      for (let length = 0; length < bytes.length; length++) {
        expect(() => scan(bytes.subarray(0, length))).to.throw(ProtocolError, /declared/)
      }
      expect(() => scan(`${value} 00`)).to.throw(ProtocolError, '1 bytes after the value')
    })
  }

  it('refuses extension types, timestamps among them, and the type that msgpack never uses', () => {
    for (const head of ['c1', 'c7 00 00', 'c8 0000 00', 'c9 00000000 00', 'd4 00 00', 'd5 00 0000', 'd6 ff 00000000']) {
      expect(() => scan(head)).to.throw(ProtocolError, 'is not used in this protocol')
    }
    expect(() => scan(encode({ at: new Date(0) }))).to.throw(ProtocolError, 'is not used in this protocol')
  })

  it('passes 64 levels and refuses the 65th, also when the innermost is empty', () => {
    scan(`${'91'.repeat(63)}90`)
    scan(`${'91'.repeat(64)}c0`)
    expect(() => scan(`${'91'.repeat(65)}c0`)).to.throw(ProtocolError, 'nested deeper than 64')
    expect(() => scan(`${'91'.repeat(64)}90`)).to.throw(ProtocolError, 'nested deeper than 64')
    expect(() => scan(`${'81a161'.repeat(65)}c0`)).to.throw(ProtocolError, 'nested deeper than 64')
    expect(() => scan('92 91c0 91 91c0', { maxDepth: 2, maxItems: 9 })).to.throw('nested deeper than 2')
  })

  it('siblings do not add to the depth', () => {
    scan(`dc 0100 ${'91 91 90'.repeat(256)}`, { maxDepth: 4, maxItems: 1_000 })
  })

  it('counts the items of all containers together, keys and values each', () => {
    const limits = { maxDepth: 64, maxItems: 10 }
    scan('99 000000000000000000', limits)
    expect(() => scan('9a 00000000000000000000', limits)).to.throw('more than 10 items')
    scan('84 0000 0000 0000 0000', limits)
    expect(() => scan('85 0000 0000 0000 0000 0000', limits)).to.throw('more than 10 items')
    expect(() => scan('93 93000000 93000000 93000000', limits)).to.throw('more than 10 items')
  })

  it('refuses a declared count before it looks for the items', () => {
    expect(() => scan('dd ffffffff')).to.throw(ProtocolError, 'more than 100000 items')
    expect(() => scan('df ffffffff')).to.throw(ProtocolError, 'more than 100000 items')
    expect(() => scan('dc ffff 00')).to.throw(ProtocolError, '65535 bytes declared, 1 left')
    expect(() => scan('de 4000 00')).to.throw(ProtocolError, '32768 bytes declared, 1 left')
  })

  it('refuses lengths beyond the end', () => {
    for (const bytes of ['a2 61', 'd9 02 61', 'da ffff 61', 'db ffffffff 61', 'c4 02 00', 'c6 80000000 00', 'cf 00']) {
      expect(() => scan(bytes)).to.throw(ProtocolError, /\d+ bytes declared, \d left/)
    }
  })

  it('refuses the 6 KB of nested array heads that end a process in @msgpack/msgpack', () => {
    const bomb = fromHex('dd 00 ff ff ff '.repeat(1_229))
    expect(bomb.length).to.be.above(6_000)
    expect(() => scan(bomb)).to.throw(ProtocolError)
    expect(() => scan(fromHex('dc 01 00 '.repeat(2_048)))).to.throw(ProtocolError)
  })

  it('passes whatever @msgpack/msgpack encodes within the bounds', () => {
    fc.assert(
      fc.property(anyPlain, (value) => {
        scan(encode(value))
      }),
      { numRuns: sizeOf({ all: 500, few: 100 }) },
    )
  })

  it('what passes @msgpack/msgpack decodes, or refuses with an error of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          scan(bytes)
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError)
          return
        }
        try {
          decode(bytes)
        } catch (error) {
          expect(error).to.be.instanceOf(Error)
          expect(error).to.not.be.instanceOf(RangeError)
        }
      }),
      { numRuns: sizeOf({ all: 3_000, few: 600 }) },
    )
  })

  it('takes time in proportion to the bytes, whatever they are', () => {
    const worst = ['91', '90', '81', '00', 'a0', 'c4 00', 'dc 00 00', 'df 00 00 00 00']
    for (const pattern of worst) {
      const unit = fromHex(pattern)
      const bytes = Buffer.alloc(4 * 1024 * 1024, unit)
      bytes.set(fromHex('dd 00 ff ff ff'), 0)
      const limits = { maxDepth: 1_000_000_000, maxItems: 1_000_000_000 }
      const startedAt = performance.now()
      try {
        scan(bytes, limits)
      } catch (error) {
        expect(error).to.be.instanceOf(ProtocolError)
      }
      expect(performance.now() - startedAt, pattern).to.be.below(2_000)
    }
  })
})
