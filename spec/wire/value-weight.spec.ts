// About what values take once they are decoded, whatever they travelled as.
import { expect } from 'chai'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'

describe('the weight of a decoded value', () => {
  const codec = new StandardCodec(new ClassRegistry())
  const arrays = Array.from({ length: 1_000 }, () => [])

  function weightOf(value: unknown): number {
    codec.decode(codec.encode(value, 'value'))
    return codec.decodedWeight
  }

  it('counts arrays, objects and the places in them, not texts and bytes', () => {
    expect(weightOf(arrays)).to.be.within(1_000 * 64, 1_000 * 100)
    expect(weightOf(Array.from({ length: 1_000 }, () => ({})))).to.be.within(1_000 * 64, 1_000 * 100)
    expect(weightOf(Array.from({ length: 1_000 }, (_, i) => i))).to.be.within(1_000 * 16, 1_000 * 20)
    expect(weightOf('x'.repeat(100_000))).to.be.below(100)
    expect(weightOf(new Uint8Array(100_000))).to.equal(0)
    expect(weightOf(undefined)).to.equal(0)
  })

  it('counts those of JSON texts, as other languages send them', () => {
    codec.decode(JSON.stringify(arrays))
    expect(codec.decodedWeight).to.be.within(1_000 * 64, 1_000 * 100)
    codec.decode(JSON.stringify('x'.repeat(100_000)))
    expect(codec.decodedWeight).to.equal(0)
  })

  it('counts those of rich values, with what is said of their types', () => {
    expect(weightOf(arrays.map(() => new Date(0)))).to.be.above(1_000 * 64)
    expect(weightOf(new Set(arrays))).to.be.above(1_000 * 64)
  })

  it('is that of the last value', () => {
    weightOf(arrays)
    expect(weightOf([])).to.be.below(100)
    weightOf(arrays)
    expect(() => codec.decode('[')).to.throw()
    expect(codec.decodedWeight).to.equal(0)
  })
})
