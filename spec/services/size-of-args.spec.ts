// What arguments roughly take: enough to bound what is kept of them, for values of every kind and size.
import { expect } from 'chai'
import { sizeOfArgs } from '../../lib/features/services/size-of-args.ts'

describe('The size of arguments', () => {
  const bound = 16 * 1024 * 1024

  it('grows with texts, bytes, and what is inside of lists, objects, maps and sets', () => {
    const text = 'x'.repeat(1_000)
    const large = [text, new Uint8Array(2_000), new ArrayBuffer(2_000), [text], { text }, new Set([text])]
    for (const value of [...large, new Map([[text, 1]]), new Map([[1, { deep: [text] }]])])
      expect(sizeOfArgs(value, bound)).to.be.within(2_000, 2_200)
    for (const value of [undefined, null, 1, true, new Date(), 5n, 'x', {}, []])
      expect(sizeOfArgs(value, bound)).to.be.below(100)
  })

  it('is counted for lists that are longer than what a function takes as arguments', () => {
    expect(sizeOfArgs(new Array(500_000).fill(1), bound)).to.be.above(500_000)
  })

  it('is not counted further than it matters', () => {
    expect(sizeOfArgs(new Array(2_000_000).fill(1), bound)).to.equal(Number.POSITIVE_INFINITY)
    expect(sizeOfArgs(['x'.repeat(bound)], bound)).to.equal(Number.POSITIVE_INFINITY)
  })
})
