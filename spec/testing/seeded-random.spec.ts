// The same seed gives the same numbers, and each within its range.
import { expect } from 'chai'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'

describe('Randomness from a seed', () => {
  it('is the same for the same seed, and another for another', () => {
    const numbers = (seed: number): number[] => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 20 }, random.next)
    }
    expect(numbers(7)).to.deep.equal(numbers(7))
    expect(numbers(7)).to.not.deep.equal(numbers(8))
    for (const number of numbers(9)) expect(number).to.be.at.least(0).and.below(1)
  })

  it('gives whole numbers with both ends of their range, and none beyond', () => {
    const random = new SeededRandom(1)
    const seen = new Set(Array.from({ length: 500 }, () => random.between(-2, 3)))
    expect([...seen].sort((a, b) => a - b)).to.deep.equal([-2, -1, 0, 1, 2, 3])
    expect(random.between(5, 5)).to.equal(5)
  })

  it('picks each of several, never says yes to what is impossible, and always to what is certain', () => {
    const random = new SeededRandom(2)
    const picked = new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b', 'c'])))
    expect([...picked].sort()).to.deep.equal(['a', 'b', 'c'])
    expect(random.pick([])).to.equal(undefined)
    const answers = Array.from({ length: 200 }, () => [random.chance(0), random.chance(1)].join())
    expect(new Set(answers)).to.deep.equal(new Set(['false,true']))
  })
})
