// Our codec against @msgpack/msgpack: each reads what the other writes, for arbitrary frames.
import { decode, encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import fc from 'fast-check'
import { ProtocolError, ServerError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { SessionFrame } from '../../lib/core/wire/frames/frame.ts'
import { readSessionFrame } from '../../lib/core/wire/frames/frame-reader.ts'
import { MsgpackReader } from '../../lib/core/wire/frames/msgpack-reader.ts'
import { ValueUnpacker } from '../../lib/core/wire/packed/value-unpacker.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { longIt, sizeOf } from '../setup/long.ts'
import { anyFrame, anySessionFrame } from './frame-arbitrary.ts'
import { arrayOfFrame } from './frame-arrays.ts'
import { bodyOfFrame, exactFrame, payloadOf, readBody, readSessionBody } from './frame-bytes.ts'

describe('Frames, against @msgpack/msgpack', () => {
  it('what we write it decodes to the array of the table', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decode(bodyOfFrame(frame))).to.deep.equal(arrayOfFrame(frame))
      }),
      { numRuns: sizeOf({ all: 600, few: 120 }) },
    )
  })

  it('what we write we read', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(readBody(bodyOfFrame(frame))).to.deep.equal(exactFrame(frame))
      }),
      { numRuns: sizeOf({ all: 600, few: 120 }) },
    )
  })

  it('what it encodes we read', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(readBody(encode(arrayOfFrame(frame)))).to.deep.equal(exactFrame(frame))
      }),
      { numRuns: sizeOf({ all: 600, few: 120 }) },
    )
  })

  it('a frame that is cut anywhere is an error', () => {
    fc.assert(
      fc.property(anySessionFrame, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (frame, share) => {
        const body = bodyOfFrame(frame)
        expectCut(frame, body, Math.floor(body.length * share))
      }),
      { numRuns: sizeOf({ all: 1_000, few: 200 }) },
    )
  })

  longIt('a short frame of each kind is an error when it is cut at any byte', () => {
    for (const frame of fc.sample(anySessionFrame, { numRuns: 300, seed: 1 })) {
      const body = bodyOfFrame(frame)
      if (body.length > 2_000) continue
      for (let length = 0; length < body.length; length++) expectCut(frame, body, length)
    }
  })

  it('bytes that are no frame are a ProtocolError, and nothing else', () => {
    const reader = new MsgpackReader()
    const read = (bytes: Uint8Array): unknown => {
      reader.open(bytes, 0, bytes.length, true)
      return readSessionFrame(reader)
    }
    const anyNoise = fc.tuple(fc.integer({ min: 0x90, max: 0x9f }), fc.integer({ min: 0, max: 0x22 }), fc.uint8Array())
    fc.assert(
      fc.property(anyNoise, ([head, kind, noise]) => {
        try {
          read(Uint8Array.of(head, kind, ...noise))
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError)
        }
      }),
      { numRuns: sizeOf({ all: 3_000, few: 600 }) },
    )
  })

  it('a frame with one byte changed is another frame or a ProtocolError', () => {
    fc.assert(
      fc.property(anySessionFrame, fc.nat(), fc.nat(255), (frame, position, value) => {
        const body = bodyOfFrame(frame)
        body[position % Math.min(body.length, 64)] = value
        try {
          expect(readSessionBody(body)).to.have.property('kind')
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError)
        }
      }),
      { numRuns: sizeOf({ all: 2_000, few: 400 }) },
    )
  })
})

const unpacker = new ValueUnpacker(defaultValueLimits)

/** A cut of the frame itself is the link's matter; one within a packed value shows when that is read. */
function expectCut(frame: SessionFrame, body: Buffer, length: number): void {
  const payload = payloadOf(frame)
  const read = (): SessionFrame => readSessionBody(body.subarray(0, length))
  if (!(payload instanceof Packed) || length < body.length - payload.size) expect(read).to.throw(ProtocolError)
  else {
    const rest = payloadOf(read()) as Packed
    expect(() => unpacker.unpack(rest))
      .to.throw(ServerError)
      .with.property('code', 'BAD_REQUEST')
  }
}
