// What the frame reader takes, in every form that msgpack has for it, and what it refuses, byte by byte.
import { expect } from 'chai'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Frame } from '../../lib/core/wire/frames/frame.ts'
import { fromHex, readHandshakeBody, readSessionBody } from './frame-bytes.ts'

function refuses(hex: string, message: string | RegExp, read: (body: Uint8Array) => Frame = readSessionBody): void {
  expect(() => read(fromHex(hex)), hex.slice(0, 80)).to.throw(ProtocolError, message)
}

function refusesFirst(hex: string, message: string | RegExp): void {
  refuses(hex, message, readHandshakeBody)
}

describe('Frame reader', () => {
  describe('takes every width of', () => {
    const widths: readonly (readonly [string, string, object])[] = [
      ['the frame array: array 16', 'dc 00 01 1c', { kind: 0x1c }],
      ['the frame array: array 32', 'dd 00 00 00 01 1c', { kind: 0x1c }],
      ['the kind: u8', '91 cc 1c', { kind: 0x1c }],
      ['a number: u8', '93 17 cc 05 cc 00', { kind: 0x17, seq: 5, items: 0 }],
      ['a number: u16', '93 17 cd 00 05 cd 04 00', { kind: 0x17, seq: 5, items: 1_024 }],
      ['a number: u32', '93 17 ce ff ff ff ff 00', { kind: 0x17, seq: 2 ** 32 - 1, items: 0 }],
      ['a number: u64', '93 17 cf 00 00 00 00 00 00 00 05 00', { kind: 0x17, seq: 5, items: 0 }],
      ['a number: 2^53 - 1', '93 17 cf 00 1f ff ff ff ff ff ff 00', { kind: 0x17, seq: 2 ** 53 - 1, items: 0 }],
      ['a text: fixstr', '94 12 05 00 a2 7b 7d', { kind: 0x12, seq: 5, items: 0, value: '{}' }],
      ['a text: str 8', '94 12 05 00 d9 02 7b 7d', { kind: 0x12, seq: 5, items: 0, value: '{}' }],
      ['a text: str 16', '94 12 05 00 da 00 02 7b 7d', { kind: 0x12, seq: 5, items: 0, value: '{}' }],
      ['a text: str 32', '94 12 05 00 db 00 00 00 02 7b 7d', { kind: 0x12, seq: 5, items: 0, value: '{}' }],
      ['bytes: bin 8', '94 12 05 00 c4 01 ff', { kind: 0x12, seq: 5, items: 0, value: Uint8Array.of(255) }],
      ['bytes: bin 16', '94 12 05 00 c5 00 01 ff', { kind: 0x12, seq: 5, items: 0, value: Uint8Array.of(255) }],
      ['bytes: bin 32', '94 12 05 00 c6 00 00 00 01 ff', { kind: 0x12, seq: 5, items: 0, value: Uint8Array.of(255) }],
      [
        'a rich value: array 16',
        '94 12 05 00 dc 00 03 a0 a0 c4 00',
        { kind: 0x12, seq: 5, items: 0, value: { json: '', meta: '', bytes: [new Uint8Array(0)] } },
      ],
      ['a packed value: fixarray', '94 12 05 00 91 07', { kind: 0x12, seq: 5, items: 0, value: packed('07') }],
      ['a packed value: array 16', '94 12 05 00 dc 00 01 07', { kind: 0x12, seq: 5, items: 0, value: packed('07') }],
      [
        'a packed value: array 32',
        '94 12 05 00 dd 00 00 00 01 07',
        { kind: 0x12, seq: 5, items: 0, value: packed('07') },
      ],
    ]
    for (const [what, hex, frame] of widths) {
      it(what, () => expect(readSessionBody(fromHex(hex))).to.deep.equal(frame))
    }
  })

  it('takes the rest of a frame as its packed value, whatever it is: that is a matter of the call', () => {
    for (const rest of ['', 'c1', '07 07', 'c7 00 00', 'a5 61', '91 91 91', 'dd ff ff ff ff']) {
      expect(readSessionBody(fromHex(`94 12 05 00 91 ${rest}`)), rest).to.deep.include({ value: packed(rest) })
    }
  })

  it('reads bytes that are no UTF-8 as replacement characters', () => {
    expect(readSessionBody(fromHex('94 12 05 00 a3 22 ff 22'))).to.include({ value: '"\ufffd"' })
  })

  describe('refuses', () => {
    it('a body that is no array', () => {
      for (const hex of ['c0', '1c', 'a1 1c', '81 1c 00', 'c4 01 1c', 'c1']) refuses(hex, 'expected an array')
    })

    it('an array without a kind, or with one that is no number', () => {
      refuses('90', 'ends where a value should be')
      for (const hex of ['91 c0', '91 a1 1c', '91 ff', '91 d0 1c', '91 ca 41 e0 00 00', '91 c3']) {
        refuses(hex, 'expected a whole number')
      }
    })

    it('kinds that do not exist', () => {
      for (const kind of ['0f', '1f', '20', '7f', 'cc ff', 'ce ff ff ff ff']) refuses(`91 ${kind}`, 'unknown kind')
    })

    it('frames of the handshake within a session, and the other way round', () => {
      refuses('91 cc 01', 'unknown kind 1')
      refuses('92 cc 03 c0', 'unknown kind 3')
      refusesFirst('91 00', 'kind 0 before the handshake')
      refusesFirst('91 0f', 'kind 15 before the handshake')
      for (let kind = 0x10; kind <= 0x1f; kind++)
        refusesFirst(`91 ${kind.toString(16)}`, `kind ${kind} before the handshake`)
    })

    /** The last: how many more it may have. */
    const counts: readonly (readonly [string, string, number, number?])[] = [
      ['NAME', '10', 4],
      ['CALL', '11', 7, 1],
      ['RESULT', '12', 4],
      ['FAILURE', '13', 5],
      ['ITEM', '14', 4],
      ['CREDIT', '15', 4],
      ['INPUT', '16', 4, 1],
      ['INPUT_END', '17', 3, 1],
      ['INPUT_CREDIT', '18', 4, 1],
      ['CANCEL', '19', 3],
      ['ACK', '1a', 2],
      ['DRAIN', '1b', 1],
      ['PING', '1c', 1],
      ['PONG', '1d', 1],
    ]
    for (const [name, kind, count, more = 0] of counts) {
      it(`${name} with more or fewer items than ${count}`, () => {
        for (const wrong of [count - 1, count + 1 + more, 15]) {
          if (wrong === 0) continue
          const fields = '00 '.repeat(wrong - 1)
          refuses(`9${wrong.toString(16)} ${kind} ${fields}`, `with ${wrong} items, ${count} expected`)
        }
      })
    }

    it('REFUSED with more or fewer items than 2', () => {
      refusesFirst('91 03', 'with 1 items, 2 expected')
      refusesFirst('93 03 c0 c0', 'with 3 items, 2 expected')
    })

    it('BYE with fewer items than 2, or more than an error after them', () => {
      refuses('91 1e', 'with 1 items, 2 expected')
      refuses('94 1e 00 c0 c0', 'with 4 items, 2 expected')
    })

    it('bytes after the frame', () => {
      refuses('91 1c c0', 'bytes after the frame of kind 28')
      refuses('94 12 05 00 c0 00', 'bytes after the frame of kind 18')
      refusesFirst('92 03 c0 c0', 'bytes after REFUSED')
    })

    it('more input streams than a call may have, and numbers of streams that it cannot have', () => {
      refuses('97 11 05 00 01 c0 11 c0', 'a call with 17 input streams, at most 16 are accepted')
      refuses('97 11 05 00 01 c0 c3 c0', 'expected a whole number, got msgpack type 0xc3')
      for (const number of ['00', '10', 'cd 01 00']) {
        refuses(`95 16 05 00 ${number} c0`, 'an input stream of number')
        refuses(`95 18 05 00 00 ${number}`, 'an input stream of number')
        refuses(`94 17 05 00 ${number}`, 'an input stream of number')
      }
    })

    it('flags other than 0 and 1', () => {
      refuses('95 13 05 00 02 c0', 'a flag of 2')
      refuses('93 19 05 02', 'a flag of 2')
      refuses('92 1e 02', 'a flag of 2')
    })

    it('numbers that are negative, fractions, text, or above 2^53 - 1', () => {
      refuses('93 17 ff 00', 'expected a whole number')
      refuses('93 17 d3 00 00 00 00 00 00 00 05 00', 'expected a whole number')
      refuses('93 17 cb 3f f0 00 00 00 00 00 00 00', 'expected a whole number')
      refuses('93 17 a1 35 00', 'expected a whole number')
      refuses('93 17 cf 00 20 00 00 00 00 00 00 00', 'above 2^53 - 1')
      refuses('93 17 cf ff ff ff ff ff ff ff ff 00', 'above 2^53 - 1')
    })

    it('payloads that are neither nil, text, bytes nor a rich value', () => {
      for (const part of ['05', 'c2', 'c3', '80', 'd4 00 00', 'ca 00 00 00 00', 'c1']) {
        refuses(`94 12 05 00 ${part}`, 'neither nil, text, bytes nor array')
      }
    })

    it('rich values without json and meta, or with other things than bytes after them', () => {
      refuses('94 12 05 00 90', 'a rich value of 0 parts')
      refuses('94 12 05 00 92 a0 c0', 'expected a text')
      refuses('94 12 05 00 92 c4 00 a0', 'expected a text')
      refuses('94 12 05 00 93 a0 a0 a0', 'expected bytes')
      refuses('94 12 05 00 93 a0 a0 90', 'expected bytes')
    })

    it('rich values with more than 65 000 byte arrays, before one is made', () => {
      const parts = (count: number): string => `dd ${hex32(count + 2)} a0 a0 ${'c4 00 '.repeat(count)}`
      expect(readSessionBody(fromHex(`94 12 05 00 ${parts(65_000)}`))).to.have.nested.property(
        'value.bytes.length',
        65_000,
      )
      refuses(`94 12 05 00 ${parts(65_001)}`, 'with 65001 byte arrays')
      refuses('94 12 05 00 dd ff ff ff ff a0 a0', 'with 4294967293 byte arrays')
    })

    it('lengths that go beyond the frame', () => {
      refuses('94 12 05 00 a5 7b 7d', '5 bytes declared, 2 left')
      refuses('94 12 05 00 db ff ff ff ff 7b', '4294967295 bytes declared, 1 left')
      refuses('94 12 05 00 c6 7f ff ff ff 7b', '2147483647 bytes declared, 1 left')
      refuses('92 1a dd 00 00 04 00', 'ends where a value should be')
    })

    it('more than 1 024 acknowledgements', () => {
      refuses('92 1a dc 04 01', '1025 acknowledgements')
      refuses('92 1a dd ff ff ff ff', '4294967295 acknowledgements')
    })

    it('names and contracts of more than 512 bytes', () => {
      const text = (length: number): string => `da ${hex32(length).slice(6)} ${'61 '.repeat(length)}`
      expect(readSessionBody(fromHex(`94 10 00 ${text(512)} ${text(512)}`)))
        .to.have.property('name')
        .with.length(512)
      refuses(`94 10 00 ${text(513)} c0`, '513 bytes, at most 512')
      refuses(`94 10 00 a1 61 ${text(513)}`, '513 bytes, at most 512')
      refuses('94 10 00 c0 c0', 'expected a text')
    })
  })
})

function packed(hex: string): Packed {
  const bytes = new Uint8Array(fromHex(hex))
  return new Packed(bytes, 0, bytes.length)
}

function hex32(value: number): string {
  return value
    .toString(16)
    .padStart(8, '0')
    .replace(/..(?!$)/g, '$& ')
}
