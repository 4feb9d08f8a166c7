// The ratio of two figures of the benchmark.
import { expect } from 'chai'
import { ratioOf, spreadOf } from '../../bench/summary.ts'

describe('The ratio of two figures', () => {
  it('is the median of those of the rounds: a slow round is in both', () => {
    const one = spreadOf([10, 30, 11])
    const base = spreadOf([10, 15, 22])
    expect(ratioOf(one, base)).to.equal(1)
    expect(one.median / base.median, 'of the medians').to.be.lessThan(0.74)
  })

  it('is that of the medians where rounds are missing, or not known', () => {
    expect(ratioOf(spreadOf([2, 4, 6]), spreadOf([1, 3]))).to.equal(2)
    expect(ratioOf({ median: 3, min: 1, max: 5 }, spreadOf([1, 2, 3]))).to.equal(1.5)
  })

  it('is none where one was not measured', () => {
    expect(ratioOf(undefined, spreadOf([1]))).to.equal(undefined)
    expect(ratioOf(spreadOf([1]), undefined)).to.equal(undefined)
  })
})
