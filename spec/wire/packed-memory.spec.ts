// What packed values hold on to: nothing that is put is written over, nothing small keeps something large, and what
// was unpacked has nothing to do with the bytes that it came in.
import { expect } from 'chai'
import fc from 'fast-check'
import { Packed, PackedSlab } from '../../lib/core/wire/bytes/packed.ts'
import { detached, payloadSize } from '../../lib/core/wire/bytes/payload.ts'
import { ValuePacker } from '../../lib/core/wire/packed/value-packer.ts'
import { ValueUnpacker } from '../../lib/core/wire/packed/value-unpacker.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { bytesOf, packed } from './packed-bytes.ts'

const kibibyte = 1024

/** How much memory a packed value keeps from being collected. */
const held = (value: Packed): number => value.bytes.buffer.byteLength

describe('A packed value, detached', () => {
  const chunk = Buffer.allocUnsafeSlow(64 * kibibyte).fill(7)

  it('of a large chunk is a copy of its own bytes', () => {
    const small = new Packed(chunk, 100, 110)
    const copy = small.detached()
    expect(held(copy)).to.equal(10)
    expect(bytesOf(copy)).to.deep.equal(bytesOf(small))
    expect(copy.size).to.equal(10)
    chunk.fill(8, 100, 110)
    expect(bytesOf(copy)).to.deep.equal(Buffer.alloc(10, 7))
    chunk.fill(7)
  })

  it('of a chunk that is mostly its own stays where it is', () => {
    const large = new Packed(chunk, 1, 40 * kibibyte)
    expect(large.detached()).to.equal(large)
    const whole = new Packed(Buffer.allocUnsafeSlow(5), 0, 5)
    expect(whole.detached()).to.equal(whole)
  })

  it('of memory that something else will be written to is a copy, however much of it is its own', () => {
    const read = new Packed(chunk, 1, 40 * kibibyte, false)
    const copy = read.detached()
    chunk.fill(8)
    expect(bytesOf(copy)).to.deep.equal(Buffer.alloc(40 * kibibyte - 1, 7))
    chunk.fill(7)
  })

  it('of a small view of a large chunk is a copy too', () => {
    const view = chunk.subarray(100, 120)
    expect(held(new Packed(view, 0, 20).detached())).to.equal(20)
    expect(held(new Packed(new Uint8Array(chunk.buffer, 100, 20), 5, 20).detached())).to.equal(15)
  })

  it('has its size, and other payloads are themselves', () => {
    const value = packed({ a: 1 })
    expect(payloadSize(value)).to.equal(value.size).and.to.equal(4)
    for (const payload of [undefined, '{}', new Uint8Array(2), { json: '1', meta: '{}', bytes: [] }])
      expect(detached(payload)).to.equal(payload)
    expect(payloadSize(detached(new Packed(chunk, 0, 9)))).to.equal(9)
  })
})

describe('The slab of packed values', () => {
  it('never writes over what was put', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.nat(5_000)), { maxLength: 60 }), (sizes) => {
        const slab = new PackedSlab()
        const source = Buffer.allocUnsafeSlow(5_000)
        const put = sizes.map((size, i) => slab.put(source.fill(i), size))
        for (const [i, value] of put.entries())
          expect(bytesOf(value).equals(Buffer.alloc(sizes[i] ?? 0, i))).to.equal(true)
      }),
    )
  })

  it('puts small values side by side, and gives large ones memory of their own', () => {
    const slab = new PackedSlab()
    const source = new Uint8Array(64 * kibibyte)
    const [a, b] = [slab.put(source, 10), slab.put(source, 20)]
    expect(a.bytes).to.equal(b.bytes)
    expect(b.start).to.equal(a.end)
    expect(held(a)).to.equal(4 * kibibyte)
    for (const size of [2 * kibibyte + 1, 64 * kibibyte]) expect(held(slab.put(source, size))).to.equal(size)
    expect(slab.put(source, 10).bytes).to.equal(a.bytes)
  })

  it('takes nothing back from values whose packing failed half-way', () => {
    const packer = new ValuePacker(defaultValueLimits)
    const before = packer.pack(['before']) as Packed
    expect(packer.pack(['x'.repeat(100), 1n])).to.equal(undefined)
    const after = packer.pack(['after']) as Packed
    const unpacker = new ValueUnpacker(defaultValueLimits)
    expect([unpacker.unpack(before), unpacker.unpack(after)]).to.deep.equal([['before'], ['after']])
  })
})

describe('What was unpacked', () => {
  it('does not change with the bytes that it came in', () => {
    const value = {
      bytes: [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(4)],
      texts: ['short', 'a text of more than twenty-four characters', 'é'],
      numbers: [1, 1.5, 70_000],
      'a key that is longer than all that are looked up': { key: 'value' },
    }
    const chunk = new Uint8Array(bytesOf(packed(value)))
    const unpacker = new ValueUnpacker(defaultValueLimits)
    const came = unpacker.unpack(new Packed(chunk, 0, chunk.length))
    chunk.fill(0x61)
    expect(came).to.deep.equal(value)
    // Nor do the keys that were kept for the next one.
    const again = bytesOf(packed(value))
    expect(unpacker.unpack(new Packed(again, 0, again.length))).to.deep.equal(value)
  })

  it('has byte arrays of its own, plain and no larger than they are', () => {
    const bytes = bytesOf(packed([new Uint8Array(5), new Uint8Array(1_000)]))
    const came = new ValueUnpacker(defaultValueLimits).unpack(new Packed(bytes, 0, bytes.length)) as Uint8Array[]
    for (const array of came) {
      expect(Object.getPrototypeOf(array)).to.equal(Uint8Array.prototype)
      expect(array.buffer.byteLength).to.equal(array.length)
    }
  })

  it('is not the value that was packed: what the sender changes afterwards stays with it', () => {
    const bytes = Uint8Array.of(1, 2)
    const sent = packed({ bytes })
    bytes[0] = 9
    expect(new ValueUnpacker(defaultValueLimits).unpack(sent)).to.deep.equal({ bytes: Uint8Array.of(1, 2) })
  })
})
