// What a payload holds is what was given, whatever the giver does with its bytes afterwards; and what transfer gives away.
import { expect } from 'chai'
import { ClientError, UnsendableError } from '../../lib/core/base/errors.ts'
import { copied } from '../../lib/core/wire/bytes/payload.ts'
import { transfer } from '../../lib/core/wire/bytes/transfer.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { overTheWire } from './same-value.ts'

class Rejected extends Error {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    super('it was rejected')
    this.bytes = bytes
  }
}

const registry = new ClassRegistry()
registry.declareError(Rejected)
const codec = new StandardCodec(registry)
/** The types of TypeScript's library for ES2022 do not have these. */
const ResizableBuffer = ArrayBuffer as unknown as new (size: number, options: { maxByteLength: number }) => ArrayBuffer
const { Memory } = (
  globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } } }
).WebAssembly
const sizes = [4 * 1024, 64 * 1024] as const

/** What arrives of a value whose bytes are filled with 2 after it was encoded. */
function arrivesOf(value: unknown, bytes: Uint8Array): unknown {
  const payload = codec.encode(value, 'data')
  bytes.fill(2)
  return codec.decode(overTheWire(payload))
}

function filled(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).fill(1)
}

describe('bytes that are given', () => {
  for (const size of sizes) {
    describe(`${size} of them`, () => {
      const were = filled(size)

      it('are what they were, as the value itself', () => {
        const bytes = filled(size)
        expect(arrivesOf(bytes, bytes)).to.deep.equal(were)
      })

      it('are what they were, in a plain value', () => {
        const bytes = filled(size)
        expect(arrivesOf({ rows: [{ bytes }] }, bytes)).to.deep.equal({ rows: [{ bytes: were }] })
      })

      it('are what they were, in a rich value', () => {
        const bytes = filled(size)
        const value = new Map<unknown, unknown>([['at', [new Date(0), bytes]]])
        expect(arrivesOf(value, bytes)).to.deep.equal(new Map<unknown, unknown>([['at', [new Date(0), were]]]))
      })

      for (const [name, over] of [
        ['a Buffer', (memory: ArrayBuffer) => Buffer.from(memory)],
        ['a Float64Array', (memory: ArrayBuffer) => new Float64Array(memory)],
        ['a DataView', (memory: ArrayBuffer) => new DataView(memory)],
        ['an ArrayBuffer', (memory: ArrayBuffer) => memory],
      ] as const) {
        it(`are what they were, as ${name}`, () => {
          const bytes = filled(size)
          expect(arrivesOf(over(bytes.buffer), bytes)).to.deep.equal(over(filled(size).buffer))
        })
      }

      it('are what they were, in an error', () => {
        const bytes = filled(size)
        expect((arrivesOf(new Rejected(bytes), bytes) as Rejected).bytes).to.deep.equal(were)
      })
    })
  }

  it('come out of a kept payload as a copy for each reader', () => {
    const payload = codec.encode([new Date(0), filled(sizes[1])], 'message')
    const [, first] = codec.decode(copied(payload)) as [Date, Uint8Array]
    first.fill(2)
    expect(codec.decode(copied(payload))).to.deep.equal([new Date(0), filled(sizes[1])])
  })
})

describe('transfer', () => {
  for (const [name, over] of [
    ['a Uint8Array', (memory: ArrayBuffer) => new Uint8Array(memory)],
    ['a Buffer', (memory: ArrayBuffer) => Buffer.from(memory)],
    ['a Float32Array', (memory: ArrayBuffer) => new Float32Array(memory)],
    ['a BigInt64Array', (memory: ArrayBuffer) => new BigInt64Array(memory)],
    ['a DataView', (memory: ArrayBuffer) => new DataView(memory)],
    ['an ArrayBuffer', (memory: ArrayBuffer) => memory],
  ] as const) {
    it(`detaches ${name}, and returns the same bytes as one`, () => {
      const given = over(filled(64).buffer)
      const returned = transfer(given)
      expect((ArrayBuffer.isView(given) ? given.buffer : given).byteLength).to.equal(0)
      expect(returned).to.deep.equal(over(filled(64).buffer))
      expect(Object.getPrototypeOf(returned)).to.equal(Object.getPrototypeOf(given))
    })
  }

  for (const size of sizes) {
    it(`lets ${size} bytes travel, at any place of a value`, () => {
      const value = { first: transfer(filled(size)), more: new Set([transfer(Buffer.from(filled(size).buffer))]) }
      const arrived = codec.decode(overTheWire(codec.encode(value, 'data')))
      const expected = { first: filled(size), more: new Set([Buffer.from(filled(size).buffer)]) }
      expect(arrived).to.deep.equal(expected)
      expect(codec.decode(overTheWire(codec.encode(transfer(filled(size)), 'data')))).to.deep.equal(filled(size))
    })
  }

  it('detaches what it returned when that is sent, so that nobody can change it', () => {
    const bare = transfer(filled(sizes[1]))
    const nested = transfer(filled(sizes[1]))
    const payloads = [codec.encode(bare, 'data'), codec.encode({ nested }, 'data')]
    expect([bare.length, nested.length]).to.deep.equal([0, 0])
    expect(() => bare.fill(2)).to.throw(TypeError)
    expect(payloads.map((payload) => codec.decode(overTheWire(payload)))).to.deep.equal([
      filled(sizes[1]),
      { nested: filled(sizes[1]) },
    ])
  })

  it('lets the same array be in one value twice', () => {
    const bytes = transfer(filled(sizes[1]))
    const arrived = codec.decode(overTheWire(codec.encode({ bytes, again: [bytes] }, 'data')))
    expect(arrived).to.deep.equal({ bytes: filled(sizes[1]), again: [filled(sizes[1])] })
  })

  it('sends nothing that was sent before: it says so instead of sending nothing', () => {
    const bytes = transfer(filled(sizes[1]))
    codec.encode(bytes, 'data')
    expect(() => codec.encode(bytes, 'data')).to.throw(UnsendableError, /data.*given away before/)
    expect(() => codec.encode({ a: [bytes] }, 'data')).to.throw(UnsendableError, /data\.a\[0\].*given away before/)
    const buffer = filled(8)
    transfer(buffer)
    expect(() => codec.encode(new Map([[1, buffer]]), 'data')).to.throw(UnsendableError, /given away before/)
    expect(() => transfer(buffer)).to.throw(ClientError, /given away before/)
  })

  it('still sends an array of no bytes', () => {
    const empty = new Uint8Array(0)
    expect(codec.decode(overTheWire(codec.encode([empty, transfer(new Uint8Array(0))], 'data')))).to.deep.equal([
      empty,
      empty,
    ])
  })

  it('takes nothing away from a value that cannot be sent', () => {
    const bytes = transfer(filled(sizes[1]))
    expect(() => codec.encode({ bytes, not: () => undefined }, 'data')).to.throw(UnsendableError)
    expect(bytes.length).to.equal(sizes[1])
  })

  for (const [name, given] of [
    ['a small Buffer of the pool', () => Buffer.from('some text')],
    ['a view of a part', () => filled(64).subarray(8, 16)],
    ['shared memory', () => new Uint8Array(new SharedArrayBuffer(16))],
    ['resizable memory', () => new Uint8Array(new ResizableBuffer(16, { maxByteLength: 32 }))],
    ["WebAssembly's memory", () => new Uint8Array(new Memory({ initial: 1 }).buffer)],
  ] as const) {
    it(`copies ${name}, which others hold too`, () => {
      const bytes = given()
      const was = new Uint8Array(bytes)
      const returned = transfer(bytes)
      expect(bytes.length).to.equal(was.length)
      bytes.fill(2)
      expect(new Uint8Array(returned)).to.deep.equal(was)
      expect(returned.buffer.byteLength).to.equal(returned.length)
    })
  }

  it('copies a part of what it returned, and leaves the rest', () => {
    const bytes = transfer(filled(sizes[1]))
    codec.encode(bytes.subarray(0, 32 * 1024), 'data')
    expect(bytes.length).to.equal(sizes[1])
  })

  it('refuses anything but bytes', () => {
    expect(() => transfer('text' as never)).to.throw(ClientError, /transfer\(\) takes a typed array/)
    expect(() => transfer([1] as never)).to.throw(ClientError, /transfer\(\) takes a typed array/)
  })
})
