// PROTOCOL.md is what others write their clients from: each of its byte vectors is what our code writes and reads, and
// each kind of frame is in its table.
import { decode } from '@msgpack/msgpack'
import { expect } from 'chai'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { Kind, protocolVersion } from '../../lib/core/wire/frames/frame.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { arrayOfFrame, frameOfArray } from './frame-arrays.ts'
import { bytesOfFrames, exactFrame, payloadOf, readBody, toHex } from './frame-bytes.ts'
import { readProtocol } from './protocol-document.ts'

const { rows, vectors } = readProtocol()
const kinds = Object.entries(Kind).map(([name, kind]) => ({
  name: name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase(),
  kind,
}))

describe('PROTOCOL.md', () => {
  it('has every frame in its table, and no other', () => {
    expect(rows.map(({ kind, name }) => ({ name, kind }))).to.deep.equal(kinds)
  })

  it('has a vector for every frame', () => {
    const shown = new Set(vectors.map(({ array }) => array[0]))
    for (const { name, kind } of kinds) expect(shown.has(kind), name).to.equal(true)
  })

  it('has vectors for every form of a payload in the frames that carry values', () => {
    for (const kind of [Kind.Call, Kind.Result, Kind.Failure, Kind.Item]) {
      const forms = vectors.filter(({ array }) => array[0] === kind).map(({ array }) => formOf(array.at(-1)))
      expect(new Set(forms), `kind ${kind}`).to.include.all.keys('none', 'packed', 'bytes', 'rich')
    }
  })

  it('has a vector for JSON text, which we read but seldom write', () => {
    expect(vectors.some(({ array }) => array[0] === Kind.Result && formOf(array.at(-1)) === 'text')).to.equal(true)
  })

  it('has vectors for numbers of every width', () => {
    const numbers = vectors.flatMap(({ array }) => array.flat(2)).filter((part) => typeof part === 'number')
    for (const [least, most] of [
      [0, 0x7f],
      [0x80, 0xff],
      [0x100, 0xffff],
      [0x10000, 0xffffffff],
      [0x100000000, Number.MAX_SAFE_INTEGER],
    ] as const) {
      expect(
        numbers.some((number) => number >= least && number <= most),
        `${least} to ${most}`,
      ).to.equal(true)
    }
  })

  it('speaks of the version that this code speaks', () => {
    for (const { array } of vectors) if (array[0] === Kind.Hello) expect(array[1]).to.equal(protocolVersion)
  })

  for (const { name, line, array, bytes } of vectors) {
    describe(`line ${line}: ${name}`, () => {
      const body = bytes.subarray(4)

      it('is of the shape that the table says', () => {
        const row = rows.find(({ kind }) => kind === array[0])
        expect(name.startsWith(row?.name ?? '?')).to.equal(true)
        const { fieldCount, optionalCount } = row as NonNullable<typeof row>
        expect(array.length - 1).to.be.within(fieldCount - optionalCount, fieldCount)
        expect(bytes.readUInt32BE(0)).to.equal(body.length)
      })

      it('is what @msgpack/msgpack reads', () => expect(decode(body)).to.deep.equal(array))

      it('is what our writer writes', () => {
        expect(toHex(bytesOfFrames(frameOfArray(array)))).to.equal(toHex(bytes))
      })

      it('is what our reader reads', () => {
        expect(readBody(body)).to.deep.equal(exactFrame(frameOfArray(array)))
        expect(arrayOfFrame(readBody(body))).to.deep.equal(array)
      })

      it('carries a value that our codec reads, and writes the same way', () => {
        const codec = new StandardCodec(new ClassRegistry())
        const payload = payloadOf(frameOfArray(array))
        const value = codec.decode(payload)
        if (payload instanceof Packed) expect([value]).to.deep.equal(array.at(-1))
        else if (typeof payload === 'string') expect(value).to.deep.equal(JSON.parse(payload))
        else if (array[0] !== Kind.Failure && array[0] !== Kind.Refused)
          expect(codec.encode(value, 'value')).to.deep.equal(payload)
        else if (formOf(array.at(-1)) === 'rich') expect(value).to.be.instanceOf(Error)
      })
    })
  }
})

function formOf(part: unknown): 'none' | 'packed' | 'text' | 'bytes' | 'rich' {
  if (part === null) return 'none'
  if (typeof part === 'string') return 'text'
  if (Array.isArray(part) && part.length === 1) return 'packed'
  return part instanceof Uint8Array ? 'bytes' : 'rich'
}
