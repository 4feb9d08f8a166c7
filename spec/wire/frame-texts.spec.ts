// Texts and byte arrays of every size: the borders of their heads, characters of several bytes, and the large ones
// that leave without being copied.
import { decode } from '@msgpack/msgpack'
import { expect } from 'chai'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { type Frame, Kind } from '../../lib/core/wire/frames/frame.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'
import { bodyOfFrame, readBody, toHex } from './frame-bytes.ts'

function item(value: Payload, index = 0): Frame {
  return { kind: Kind.Item, seq: 5, index, value }
}

/** What the writer puts before a text: the bytes between `94 14 05 00` and the text. */
function headOf(text: string): string {
  const body = bodyOfFrame(item(text))
  return toHex(body.subarray(4, body.length - Buffer.byteLength(text)))
}

function segmentsOf(...frames: readonly Frame[]): Uint8Array[] {
  const writer = new MsgpackWriter(new Slabs())
  for (const frame of frames) writeFrame(writer, frame)
  return writer.take()
}

describe('Texts in frames', () => {
  const heads: readonly (readonly [string, number, string])[] = [
    ['x', 10, 'aa'],
    ['x', 11, 'd9 0b'],
    ['x', 85, 'd9 55'],
    ['x', 86, 'da 00 56'],
    ['x', 16_383, 'da 3f ff'],
    ['x', 16_384, 'db 00 00 40 00'],
    ['é', 10, 'b4'],
    ['€', 10, 'be'],
    ['€', 11, 'd9 21'],
    ['€', 85, 'd9 ff'],
    ['€', 86, 'da 01 02'],
    ['€', 16_383, 'da bf fd'],
    ['€', 16_384, 'db 00 00 c0 00'],
    ['€', 21_845, 'db 00 00 ff ff'],
    ['€', 21_846, 'db 00 01 00 02'],
    ['😀', 5, 'b4'],
    ['😀', 6, 'd9 18'],
    ['😀', 42, 'd9 a8'],
    ['😀', 43, 'da 00 ac'],
    ['😀', 8_191, 'da 7f fc'],
    ['😀', 8_192, 'db 00 00 80 00'],
  ]
  for (const [unit, count, head] of heads) {
    it(`${count} times ${unit} has the head ${head}`, () => {
      const text = unit.repeat(count)
      expect(headOf(text)).to.equal(head)
      expect(readBody(bodyOfFrame(item(text)))).to.deep.equal(item(text))
    })
  }

  it('lone surrogates arrive as replacement characters, wherever the border is', () => {
    for (const count of [9, 10, 84, 85, 16_382, 16_383, 21_844, 21_845]) {
      for (const lone of ['\ud800', '\udc00']) {
        const sent = `${'€'.repeat(count)}${lone}`
        const body = bodyOfFrame(item(sent))
        expect(readBody(body)).to.deep.equal(item(`${'€'.repeat(count)}\ufffd`))
        expect(decode(body)).to.deep.equal([0x14, 5, 0, `${'€'.repeat(count)}\ufffd`])
      }
    }
  })

  it('a surrogate pair is one character, also where a buffer ends', () => {
    for (const count of [0, 8, 83, 16_381, 21_843]) {
      const text = `${'a'.repeat(count)}😀`
      expect(readBody(bodyOfFrame(item(text)))).to.deep.equal(item(text))
    }
  })
})

describe('Large parts of frames', () => {
  it('byte arrays from 16 KiB on are sent from where they are', () => {
    const small = new Uint8Array(16 * 1024 - 1)
    const large = new Uint8Array(16 * 1024)
    expect(segmentsOf(item(small))).to.have.length(1)
    const segments = segmentsOf(item(large))
    expect(segments).to.have.length(2)
    expect(segments[1]).to.equal(large)
  })

  it('leave in order among small ones', () => {
    const large = [1, 2, 3].map((fill) => new Uint8Array(20_000).fill(fill))
    const bytes = [large[0], Uint8Array.of(9), large[1], large[2], Uint8Array.of(8)] as Uint8Array[]
    const rich = { json: 'j'.repeat(20_000), meta: '{}', bytes }
    const frames = [item('before'), item(rich, 1), item('after', 2), item(large[0], 3), item('last', 4)]
    const segments = segmentsOf(...frames)
    for (const part of large) expect(segments).to.include(part)
    let rest = Buffer.concat(segments)
    for (const frame of frames) {
      const end = 4 + rest.readUInt32BE(0)
      expect(readBody(rest.subarray(4, end))).to.deep.equal(frame)
      rest = rest.subarray(end)
    }
    expect(rest.length).to.equal(0)
  })

  it('texts of a megabyte arrive whole', () => {
    const text = '0123456789abcd€😀'.repeat(70_000)
    expect(readBody(bodyOfFrame(item(text)))).to.deep.equal(item(text))
  })

  it('fill slab after slab with small values', () => {
    const frames = Array.from({ length: 3_000 }, (_, i) => item('x'.repeat(i % 300), i))
    let rest = Buffer.concat(segmentsOf(...frames))
    for (const frame of frames) {
      const end = 4 + rest.readUInt32BE(0)
      expect(readBody(rest.subarray(4, end))).to.deep.equal(frame)
      rest = rest.subarray(end)
    }
  })
})
