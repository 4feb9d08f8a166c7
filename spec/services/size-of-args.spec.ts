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

  it('is 16 bytes for each value, two for each character, and one for each byte', () => {
    const sizes: readonly (readonly [value: unknown, size: number])[] = [
      [undefined, 16],
      [null, 16],
      ['', 16],
      ['abc', 16 + 6],
      [new Uint8Array(5), 16 + 5],
      [new ArrayBuffer(5), 16 + 5],
      [[], 16],
      [[1, 'a'], 3 * 16 + 2],
      [{ a: 1, b: {} }, 3 * 16],
      [new Set([1, 2]), 3 * 16],
      [new Map([[1, 'a']]), 4 * 16 + 2],
    ]
    for (const [value, size] of sizes) expect(sizeOfArgs(value, bound)).to.equal(size)
  })

  it('may be as much as the bound, and no byte more', () => {
    for (const value of ['ab', [1, 2, 3], [[[]]], { a: ['x'] }]) {
      const size = sizeOfArgs(value, bound)
      expect(sizeOfArgs(value, size)).to.equal(size)
      expect(sizeOfArgs(value, size - 1)).to.equal(Number.POSITIVE_INFINITY)
    }
  })

  it('looks at no more values than fit the bound', () => {
    let looked = 0
    const many = new Set<number>()
    Object.defineProperty(many, Symbol.iterator, {
      *value() {
        for (; looked < 1_000; looked++) yield looked
      },
    })
    expect(sizeOfArgs(many, 10 * 16)).to.equal(Number.POSITIVE_INFINITY)
    expect(looked).to.equal(10)
  })

  it('is counted for lists that are longer than what a function takes as arguments', () => {
    expect(sizeOfArgs(new Array(500_000).fill(1), bound)).to.be.above(500_000)
  })

  it('is not counted further than it matters', () => {
    expect(sizeOfArgs(new Array(2_000_000).fill(1), bound)).to.equal(Number.POSITIVE_INFINITY)
    expect(sizeOfArgs(['x'.repeat(bound)], bound)).to.equal(Number.POSITIVE_INFINITY)
  })
})
