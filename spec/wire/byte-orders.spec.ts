// Bytes that are copied and turned: so many, in their order, and none beside them.
import { expect } from 'chai'
import { copyBytes } from '../../lib/core/wire/bytes/packed.ts'
import { swapped } from '../../lib/core/wire/rich/binary-values.ts'

describe('A copy of bytes', () => {
  for (const count of [0, 1, 63, 64, 65, 200])
    it(`has ${count} of them, and leaves those beside it as they were`, () => {
      const source = Uint8Array.from({ length: 300 }, (_, i) => i)
      const target = new Uint8Array(300).fill(255)
      copyBytes(source.subarray(2), 3, 3 + count, target, 7)
      const expected = new Uint8Array(300).fill(255)
      for (let i = 0; i < count; i++) expected[7 + i] = 5 + i
      expect(target).to.deep.equal(expected)
    })
})

describe('Numbers in the opposite order of bytes', () => {
  it('are turned one by one, to the last, in a copy', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    expect([...swapped(bytes, 2)]).to.deep.equal([2, 1, 4, 3, 6, 5, 8, 7])
    expect([...swapped(bytes, 4)]).to.deep.equal([4, 3, 2, 1, 8, 7, 6, 5])
    expect([...swapped(bytes, 8)]).to.deep.equal([8, 7, 6, 5, 4, 3, 2, 1])
    expect([...bytes]).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('leave what is no whole number at the end', () => {
    expect([...swapped(Uint8Array.of(1, 2, 3, 4, 5), 2)]).to.deep.equal([2, 1, 4, 3, 5])
  })
})
