// However a conversation is cut into chunks, the same bodies come out of the decoder.
import { expect } from 'chai'
import fc from 'fast-check'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { FrameDecoder } from '../../lib/core/wire/frames/frame-decoder.ts'
import { framed, fromHex } from './frame-bytes.ts'

/** The bodies that come out, copied at once as a sink must, and whether each was its own. */
class Bodies {
  readonly bodies: Buffer[] = []
  readonly owned: boolean[] = []
  readonly decoder: FrameDecoder

  constructor(maxFrameBytes = 1_000_000, onBody: (bodies: Bodies) => void = () => undefined) {
    this.decoder = new FrameDecoder(maxFrameBytes, (bytes, start, end, isOwned) => {
      this.bodies.push(Buffer.from(bytes.subarray(start, end)))
      this.owned.push(isOwned)
      onBody(this)
    })
  }
}

function bodiesOf(chunks: readonly Uint8Array[]): string[] {
  const sink = new Bodies()
  for (const chunk of chunks) sink.decoder.push(chunk)
  return sink.bodies.map((body) => body.toString('hex'))
}

const sizes = [1, 2, 5, 64, 3, 300, 4]
const conversation = sizes.map((size, i) => new Uint8Array(size).fill(i + 1))
const stream = Buffer.concat(conversation.map(framed))
const expected = conversation.map((body) => Buffer.from(body).toString('hex'))

describe('Frame decoder', () => {
  it('gives the bodies of one coalesced chunk', () => {
    expect(bodiesOf([stream])).to.deep.equal(expected)
  })

  it('gives the same when bytes come one by one', () => {
    expect(bodiesOf([...stream].map((byte) => Uint8Array.of(byte)))).to.deep.equal(expected)
  })

  it('gives the same for every split in two', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(bodiesOf([stream.subarray(0, at), stream.subarray(at)]), `split at ${at}`).to.deep.equal(expected)
    }
  })

  it('gives the same for every split in three around the heads', () => {
    for (let first = 0; first < 30; first++) {
      for (let second = first; second < 30; second++) {
        const chunks = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)]
        expect(bodiesOf(chunks)).to.deep.equal(expected)
      }
    }
  })

  it('gives the same for any bodies and any split', () => {
    const anyBodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 10_000 }), { maxLength: 12 })
    fc.assert(
      fc.property(anyBodies, fc.array(fc.nat(4_000), { maxLength: 60 }), (bodies, cuts) => {
        const bytes = Buffer.concat(bodies.map(framed))
        const chunks: Uint8Array[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut))
          at += cut
        }
        expect(bodiesOf([...chunks, bytes.subarray(at)])).to.deep.equal(
          bodies.map((body) => Buffer.from(body).toString('hex')),
        )
      }),
    )
  })

  it('hands a body that was whole in its chunk on as a part of the chunk, and one that was not as its own', () => {
    const sink = new Bodies()
    sink.decoder.push(stream.subarray(0, 14))
    sink.decoder.push(stream.subarray(14))
    expect(sink.owned).to.deep.equal([false, false, true, false, false, false, false])
  })

  it('refuses a frame of length 0', () => {
    for (const pieces of [['00000000'], ['00', '000000'], ['0000', '0000']]) {
      const { decoder } = new Bodies()
      const push = (): void => {
        for (const piece of pieces) decoder.push(fromHex(piece))
      }
      expect(push).to.throw(ProtocolError, 'length 0')
    }
  })

  it('refuses a frame above the bound as soon as its length is there', () => {
    for (const pieces of [['00000011'], ['000000', '11'], ['00', '00', '00', '11'], ['ffffffff'], ['80000000']]) {
      const { decoder } = new Bodies(16)
      const push = (): void => {
        for (const piece of pieces) decoder.push(fromHex(piece))
      }
      expect(push).to.throw(ProtocolError, 'at most 16 are accepted')
    }
    const { decoder, bodies } = new Bodies(16)
    decoder.push(framed(new Uint8Array(16)))
    expect(bodies).to.have.length(1)
  })

  it('takes larger frames once its bound was raised, in the middle of a chunk too', () => {
    const sink = new Bodies(4, ({ decoder }) => {
      decoder.maxFrameBytes = 64
    })
    sink.decoder.push(Buffer.concat([framed(new Uint8Array(4)), framed(new Uint8Array(64))]))
    expect(sink.bodies.map((body) => body.length)).to.deep.equal([4, 64])
  })

  it('hands nothing on after it was stopped, also of the chunk in hand', () => {
    const sink = new Bodies(1_000, ({ decoder, bodies }) => {
      if (bodies.length === 2) decoder.stop()
    })
    sink.decoder.push(stream)
    sink.decoder.push(stream)
    expect(sink.bodies).to.have.length(2)
    expect(sink.decoder.openFrame).to.equal(0)
  })

  it('lets what the sink throws pass', () => {
    const { decoder } = new Bodies(1_000, () => {
      throw new RangeError('of the sink')
    })
    expect(() => decoder.push(framed(Uint8Array.of(1)))).to.throw(RangeError, 'of the sink')
  })

  it('numbers the frame that came in part: 0 between frames, another number for each', () => {
    const { decoder } = new Bodies()
    expect(decoder.openFrame).to.equal(0)
    decoder.push(fromHex('00'))
    const first = decoder.openFrame
    expect(first).to.not.equal(0)
    decoder.push(fromHex('00000201'))
    expect(decoder.openFrame).to.equal(first)
    decoder.push(fromHex('02'))
    expect(decoder.openFrame).to.equal(0)
    decoder.push(fromHex('0000000201'))
    const second = decoder.openFrame
    expect(second).to.not.be.oneOf([0, first])
    decoder.push(fromHex('02 00000001 09 0000'))
    expect(decoder.openFrame).to.not.be.oneOf([0, first, second])
  })
})
