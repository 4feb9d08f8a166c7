// What the frame writer puts on the wire, byte by byte. Whole frames are in PROTOCOL.md, see protocol-vectors.spec.ts.
import { expect } from 'chai'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'
import { bodyOfFrame, bytesOfFrames, toHex } from './frame-bytes.ts'

/** The hex of what a writer makes of one value. */
function written(write: (writer: MsgpackWriter) => void): string {
  const writer = new MsgpackWriter(new Slabs())
  writer.reserve(128) // as beginFrame does
  write(writer)
  const { size } = writer
  const bytes = Buffer.concat(writer.take())
  expect(size).to.equal(bytes.length)
  return toHex(bytes)
}

describe('Frame writer', () => {
  const numbers: readonly (readonly [number, string])[] = [
    [0, '00'],
    [127, '7f'],
    [128, 'cc 80'],
    [255, 'cc ff'],
    [256, 'cd 01 00'],
    [65_535, 'cd ff ff'],
    [65_536, 'ce 00 01 00 00'],
    [2 ** 31, 'ce 80 00 00 00'],
    [2 ** 32 - 1, 'ce ff ff ff ff'],
    [2 ** 32, 'cf 00 00 00 01 00 00 00 00'],
    [2 ** 52 + 1, 'cf 00 10 00 00 00 00 00 01'],
    [Number.MAX_SAFE_INTEGER, 'cf 00 1f ff ff ff ff ff ff'],
  ]
  for (const [value, hex] of numbers) {
    it(`writes ${value} in the shortest form`, () => {
      expect(written((writer) => writer.uint(value))).to.equal(hex)
    })
  }

  it('writes the heads of arrays', () => {
    expect(written((writer) => writer.arrayHead(0))).to.equal('90')
    expect(written((writer) => writer.arrayHead(15))).to.equal('9f')
    expect(written((writer) => writer.arrayHead(16))).to.equal('dc 00 10')
    expect(written((writer) => writer.arrayHead(65_535))).to.equal('dc ff ff')
    expect(written((writer) => writer.arrayHead(65_536))).to.equal('dd 00 01 00 00')
  })

  it('writes nil, short texts and bytes', () => {
    expect(written((writer) => writer.nil())).to.equal('c0')
    expect(written((writer) => writer.text(''))).to.equal('a0')
    expect(written((writer) => writer.text('"hi"'))).to.equal('a4 22 68 69 22')
    expect(written((writer) => writer.bytes(new Uint8Array(0)))).to.equal('c6 00 00 00 00')
    expect(written((writer) => writer.bytes(Uint8Array.of(1, 2)))).to.equal('c6 00 00 00 02 01 02')
  })

  it('puts the length of the body before it, big-endian', () => {
    expect(toHex(bytesOfFrames({ kind: Kind.Ping }))).to.equal('00 00 00 02 91 1c')
    const frame = { kind: Kind.Item, seq: 1, index: 0, value: 'x'.repeat(300) } as const
    expect(toHex(bytesOfFrames(frame).subarray(0, 8))).to.equal('00 00 01 33 94 14 01 00')
  })

  it('writes frames one after the other, and tells the length of each body', () => {
    const writer = new MsgpackWriter(new Slabs())
    expect(writeFrame(writer, { kind: Kind.Ping })).to.equal(2)
    expect(writeFrame(writer, { kind: Kind.Cancel, seq: 1_024, reason: 1 })).to.equal(6)
    expect(toHex(Buffer.concat(writer.take()))).to.equal('00 00 00 02 91 1c 00 00 00 06 93 19 cd 04 00 01')
    expect(writer.size).to.equal(0)
    expect(writer.take()).to.deep.equal([])
  })

  it('writes 1 024 acknowledgements of nine bytes each', () => {
    const seqs = Array.from({ length: 1_024 }, (_, i) => Number.MAX_SAFE_INTEGER - i)
    const body = bodyOfFrame({ kind: Kind.Ack, seqs })
    expect(toHex(body.subarray(0, 14))).to.equal('92 1a dc 04 00 cf 00 1f ff ff ff ff ff ff')
    expect(body.length).to.equal(5 + 1_024 * 9)
  })

  it('leaves nothing of a frame that cannot be written', () => {
    const writer = new MsgpackWriter(new Slabs())
    writeFrame(writer, { kind: Kind.Ping })
    const hello = {
      kind: Kind.Hello,
      version: 1,
      features: 0,
      sessionId: undefined,
      resumeSecret: undefined,
      name: undefined,
      limits: { maxFrameBytes: 1, maxCallsInFlight: 1, streamWindowBytes: 1, maxInFlightBytes: 1 },
      credentials: { guard: () => 'no msgpack' },
    } as const
    expect(() => writeFrame(writer, hello)).to.throw()
    writeFrame(writer, { kind: Kind.Pong })
    expect(toHex(Buffer.concat(writer.take()))).to.equal('00 00 00 02 91 1c 00 00 00 02 91 1d')
  })
})
