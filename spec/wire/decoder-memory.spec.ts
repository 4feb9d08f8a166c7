// What a peer says it will send costs nothing: memory follows the bytes that came.
import { expect } from 'chai'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { framed } from './frame-bytes.ts'

const mebibyte = 1024 * 1024

/** How many bytes of array buffers an act leaves behind; what it returns is kept until they were counted. */
function arrayBytesOf(act: () => unknown): number {
  const before = process.memoryUsage().arrayBuffers
  const kept = act()
  const after = process.memoryUsage().arrayBuffers
  expect(kept).to.not.equal(undefined)
  return after - before
}

function headOf(length: number): Buffer {
  const head = Buffer.allocUnsafeSlow(4)
  head.writeUInt32BE(length)
  return head
}

describe('Memory of the frame decoder', () => {
  it('a thousand declared gigabytes without data cost a few KiB each', () => {
    const bytes = arrayBytesOf(() => {
      return Array.from({ length: 1_000 }, () => {
        const decoder = new FrameDecoder(2 ** 31, () => undefined)
        decoder.push(headOf(2 ** 30))
        decoder.push(Uint8Array.of(1))
        return decoder
      })
    })
    expect(bytes).to.be.below(6 * mebibyte)
  })

  it('what is gathered never takes more than 16 times what came, nor more than the frame', () => {
    for (const came of [1, 4_096, 4_097, 100_000, 1_000_000]) {
      const decoder = new FrameDecoder(2 ** 31, () => undefined)
      const chunk = new Uint8Array(came)
      const bytes = arrayBytesOf(() => {
        decoder.push(headOf(64 * mebibyte))
        decoder.push(chunk)
        return decoder
      })
      expect(bytes, `${came} bytes came`).to.be.at.most(Math.min(Math.max(4_096, 16 * came), 64 * mebibyte) + 100_000)
    }
  })

  it('a frame of exactly its declared length is gathered without a larger buffer', () => {
    let gathered: Uint8Array | undefined
    const decoder = new FrameDecoder(mebibyte, (bytes) => {
      gathered = bytes
    })
    const stream = framed(new Uint8Array(500_000).fill(7))
    for (let at = 0; at < stream.length; at += 1_460) decoder.push(stream.subarray(at, at + 1_460))
    expect(gathered?.length).to.equal(500_000)
    expect(gathered?.buffer.byteLength).to.equal(500_000)
  })
})
