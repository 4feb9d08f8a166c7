// The slopes of the benchmark's curves.
import { expect } from 'chai'
import { growthOf } from '../../bench/scale/growth.ts'

function pointsOf(costOf: (n: number) => number, ...counts: readonly number[]) {
  return counts.map((n) => ({ n, cost: { median: costOf(n), min: 0, max: Number.POSITIVE_INFINITY } }))
}

describe('the growth of a measured cost', () => {
  it('has the exponent of its power', () => {
    const { exponent, lastToFirst } = growthOf(pointsOf((n) => 3 * n ** 1.5, 1, 10, 100, 1_000))
    expect(exponent).to.be.closeTo(1.5, 1e-9)
    expect(lastToFirst).to.be.closeTo(1_000 ** 1.5, 1e-6)
  })

  it('compares with the point at zero, which has no logarithm', () => {
    const { exponent, lastToFirst } = growthOf(pointsOf((n) => (n === 0 ? 2 : 4), 0, 10, 100))
    expect(exponent).to.be.closeTo(0, 1e-9)
    expect(lastToFirst).to.equal(2)
  })

  it('is unknown of a single point', () => {
    expect(growthOf(pointsOf(() => 1, 10))).to.deep.equal({ exponent: undefined, lastToFirst: undefined })
  })
})
