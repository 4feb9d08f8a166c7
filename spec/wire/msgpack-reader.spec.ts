// The reader of the few types that frames are made of: what it takes, where it stops, and what it keeps.
import { expect } from 'chai'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { fromHex } from './frame-bytes.ts'

/** Open at a body that has other bytes before and after it. */
function reading(hex: string, isOwned = false): MsgpackReader {
  const body = fromHex(hex)
  const reader = new MsgpackReader()
  reader.open(Buffer.concat([Buffer.alloc(3, 0xc0), body, Buffer.alloc(3, 0xc0)]), 3, 3 + body.length, isOwned)
  return reader
}

describe('A reader of msgpack', () => {
  it('is at its end before it was opened and after it was released', () => {
    const reader = new MsgpackReader()
    expect(reader.isAtEnd).to.equal(true)
    expect(() => reader.uint()).to.throw(ProtocolError, 'the frame ends where a value should be')
    reader.open(fromHex('01 02'), 0, 2, false)
    expect(reader.uint()).to.equal(1)
    expect(reader.isAtEnd).to.equal(false)
    reader.release()
    expect(reader.isAtEnd).to.equal(true)
    expect(() => reader.uint()).to.throw(ProtocolError, 'the frame ends where a value should be')
  })

  it('reads one value after the other, from its start to its end', () => {
    const reader = reading('93 05 c0 a1_61'.replaceAll('_', ''))
    expect(reader.arrayHead()).to.equal(3)
    expect(reader.takeNil()).to.equal(false)
    expect(reader.uint()).to.equal(5)
    expect(reader.takeNil()).to.equal(true)
    expect(reader.isAtEnd).to.equal(false)
    expect(reader.text()).to.equal('a')
    expect(reader.isAtEnd).to.equal(true)
    for (const read of [() => reader.takeNil(), () => reader.peekType(), () => reader.text(), () => reader.bytes()])
      expect(read).to.throw(ProtocolError, 'the frame ends where a value should be')
  })

  it('reads heads and numbers of every width', () => {
    const heads: [string, number][] = [
      ['90', 0],
      ['9f', 15],
      ['dc 0102', 0x0102],
      ['dd 01020304', 0x01020304],
      ['dd ffffffff', 0xffffffff],
    ]
    for (const [hex, count] of heads) expect(reading(hex).arrayHead()).to.equal(count)
    const numbers: [string, number][] = [
      ['00', 0],
      ['7f', 127],
      ['cc ff', 255],
      ['cd fffe', 0xfffe],
      ['ce fffefdfc', 0xfffefdfc],
      ['cf 001fffffffffffff', Number.MAX_SAFE_INTEGER],
      ['cf 0000000100000002', 2 ** 32 + 2],
    ]
    for (const [hex, number] of numbers) expect(reading(hex).uint()).to.equal(number)
    expect(() => reading('cf 0020000000000000').uint()).to.throw(ProtocolError, 'a whole number above 2^53 - 1')
  })

  it('reads texts of every width, no longer than they may be', () => {
    for (const hex of ['a2 6162', 'd9 02 6162', 'da 0002 6162', 'db 00000002 6162']) {
      expect(reading(hex).text()).to.equal('ab')
      expect(reading(hex).text(2)).to.equal('ab')
      expect(() => reading(hex).text(1)).to.throw(ProtocolError, 'a text of 2 bytes, at most 1 are accepted')
    }
    expect(reading('a0').text(0)).to.equal('')
    expect(reading(`bf ${'61'.repeat(31)}`).text()).to.have.lengthOf(31)
  })

  it('reads bytes of every width as a copy, and as a view where most of what it owns is them', () => {
    for (const hex of ['c4 02 0102', 'c5 0002 0102', 'c6 00000002 0102']) {
      const read = reading(hex).bytes()
      expect([...read]).to.deep.equal([1, 2])
      expect(read.buffer.byteLength).to.equal(2)
    }
    const opened = (length: number, isOwned: boolean): boolean => {
      const memory = new ArrayBuffer(40)
      const body = new Uint8Array(memory, 10, 20)
      body.set([0xc4, length])
      body.fill(7, 2)
      const reader = new MsgpackReader()
      reader.open(body, 0, body.length, isOwned)
      const read = reader.bytes()
      expect([...read]).to.deep.equal(new Array(length).fill(7))
      return read.buffer === memory
    }
    expect([opened(11, true), opened(10, true), opened(11, false)]).to.deep.equal([true, false, false])
  })

  it('hands on the rest unread, and is at its end', () => {
    const reader = reading('01 a1 61')
    reader.uint()
    const rest = reader.rest()
    expect([...rest.bytes.subarray(rest.start, rest.end)]).to.deep.equal([0xa1, 0x61])
    expect(reader.isAtEnd).to.equal(true)
  })

  it('tells what comes next, by every head', () => {
    const kinds: Record<string, string> = {}
    const add = (from: number, to: number, kind: string): void => {
      for (let head = from; head <= to; head++) kinds[head] = kind
    }
    add(0x90, 0x9f, 'array')
    add(0xa0, 0xbf, 'text')
    add(0xc0, 0xc0, 'nil')
    add(0xc4, 0xc6, 'bytes')
    add(0xd9, 0xdb, 'text')
    add(0xdc, 0xdd, 'array')
    for (let head = 0; head < 256; head++) {
      const reader = reading(head.toString(16).padStart(2, '0'))
      expect(reader.peekType(), `0x${head.toString(16)}`).to.equal(kinds[head])
      expect(reader.isAtEnd).to.equal(false)
    }
  })

  it('refuses what is of another type, by its head', () => {
    for (const [read, expected, hex] of [
      [(reader: MsgpackReader) => reader.arrayHead(), 'an array', '05'],
      [(reader: MsgpackReader) => reader.uint(), 'a whole number', 'c0'],
      [(reader: MsgpackReader) => reader.uint(), 'a whole number', 'ff'],
      [(reader: MsgpackReader) => reader.text(), 'a text', 'c4'],
      [(reader: MsgpackReader) => reader.bytes(), 'bytes', 'a1'],
    ] as const)
      expect(() => read(reading(hex))).to.throw(ProtocolError, `expected ${expected}, got msgpack type 0x${hex}`)
  })

  it('takes what ends where its body ends, and refuses a byte more', () => {
    expect(() => reading('a2 61').text()).to.throw(ProtocolError, '2 bytes declared, 1 left')
    expect(() => reading('c4 02 61').bytes()).to.throw(ProtocolError, '2 bytes declared, 1 left')
    expect(() => reading('cd 01').uint()).to.throw(ProtocolError, '2 bytes declared, 1 left')
  })
})
