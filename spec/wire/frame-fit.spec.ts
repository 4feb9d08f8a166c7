// Whether a payload fits a frame, to the byte, and what is said of one that does not.
import { expect } from 'chai'
import { UnsendableError } from '../../lib/core/base/errors.ts'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { maxByteArrays } from '../../lib/core/wire/frames/frame.ts'
import { fitsFrame, tooLarge } from '../../lib/core/wire/frames/frame-fit.ts'

/** A frame with room for so many bytes of a payload. */
const frameFor = (room: number): number => room + 128

/** That the payload fits a frame with just this room, and none with a byte less. */
function needs(payload: Payload, room: number): void {
  expect(fitsFrame(payload, frameFor(room)), `${room} bytes`).to.equal(true)
  expect(fitsFrame(payload, frameFor(room - 1)), `${room - 1} bytes`).to.equal(false)
}

describe('A payload and a frame', () => {
  it('fit where it has its bytes and 128 more', () => {
    expect(fitsFrame(undefined, 0)).to.equal(true)
    needs(new Packed(new Uint8Array(100), 10, 60), 50)
    needs(new Uint8Array(50), 50)
  })

  it('fit by the bytes of a text, not by its characters', () => {
    needs('x'.repeat(50), 50)
    needs('ä'.repeat(50), 100)
    needs('€'.repeat(50), 150)
  })

  it('fit with five bytes more for each byte array, beside both texts', () => {
    const bytes = [new Uint8Array(10), new Uint8Array(20)]
    needs({ json: 'x'.repeat(2_000), meta: '', bytes }, 2_000 + 30 + 10)
    needs({ json: '', meta: '€'.repeat(1_024), bytes }, 3 * 1_024 + 30 + 10)
    needs({ json: 'x'.repeat(100), meta: 'x'.repeat(2_000), bytes: [] }, 2_100)
    // Short annotations are not counted by their bytes: three for each character.
    needs({ json: 'x'.repeat(100), meta: 'x'.repeat(1_023), bytes: [] }, 100 + 3 * 1_023)
    expect(fitsFrame({ json: '', meta: '', bytes }, frameFor(40)), 'no room is left for texts').to.equal(false)
    needs({ json: '', meta: '', bytes }, 41)
  })

  it('do not fit with more byte arrays than a frame has, whatever their size', () => {
    const empty = new Uint8Array(0)
    const of = (count: number): Payload => ({ json: '', meta: '', bytes: new Array(count).fill(empty) })
    expect(fitsFrame(of(maxByteArrays), 1e9)).to.equal(true)
    expect(fitsFrame(of(maxByteArrays + 1), 1e9)).to.equal(false)
    expect(tooLarge('data', of(maxByteArrays), 1_128).message).to.contain(`it has ${5 * maxByteArrays} bytes`)
    expect(tooLarge('data', of(maxByteArrays + 1), 1_128).message).to.equal(
      `cannot send data: it holds ${maxByteArrays + 1} byte arrays, at most ${maxByteArrays} fit a frame; stream it in parts, or raise limits.maxFrameBytes of its reader`,
    )
  })

  it('say by how much they do not fit', () => {
    for (const [payload, bytes] of [
      [undefined, 0],
      [new Packed(new Uint8Array(100), 10, 60), 50],
      ['€€', 6],
      [new Uint8Array(7), 7],
      [{ json: '€', meta: 'ä', bytes: [new Uint8Array(10), new Uint8Array(1)] }, 3 + 2 + 10 + 1 + 10],
    ] as const) {
      const error = tooLarge('data of action "x"', payload, 1_128)
      expect(error).to.be.instanceOf(UnsendableError).with.property('code', 'TOO_LARGE')
      expect(error.message).to.equal(
        `cannot send data of action "x": it has ${bytes} bytes, at most 1000 fit a frame of 1128; stream it in parts, or raise limits.maxFrameBytes of its reader`,
      )
    }
  })
})
