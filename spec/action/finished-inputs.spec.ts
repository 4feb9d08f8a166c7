// A source of input that has ended by itself is not asked to return: iterators are asked that only while they have more.
import { expect } from 'chai'
import { Action } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'

class Total extends Action {
  async action(numbers: AsyncIterable<number>) {
    let total = 0
    for await (const number of numbers) total += number
    return total
  }
}

class First extends Action {
  async action(numbers: AsyncIterable<number>) {
    for await (const number of numbers) return number
    return undefined
  }
}

/** Counts from 1, and notes that it was asked to return. */
function source(length: number): { items: AsyncIterable<number>; returned: () => number } {
  let [at, returned] = [0, 0]
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => (at < length ? { done: false, value: ++at } : { done: true, value: undefined }),
      return: async () => {
        returned++
        return { done: true, value: undefined }
      },
    }),
  }
  return { items, returned: () => returned }
}

describe('The source of an input', () => {
  it('is not asked to return when it has ended', async () => {
    await using harness = await createHarness({ actions: [new Total()] })
    const { items, returned } = source(3)
    expect(await harness.client.runAction(Total, items)).to.equal(6)
    expect(returned()).to.equal(0)
  })

  it('is asked once where its action leaves it before', async () => {
    await using harness = await createHarness({ actions: [new First()] })
    const { items, returned } = source(1_000_000)
    expect(await harness.client.runAction(First, items)).to.equal(1)
    expect(returned()).to.equal(1)
  })
})
