// Percentiles and bars of latencies that were counted in buckets.
import { expect } from 'chai'
import { LatencyHistogram } from '../../lib/cli/latency-histogram.ts'

function of(...latenciesMs: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const ms of latenciesMs) histogram.add(ms)
  return histogram
}

describe('LatencyHistogram', () => {
  it('finds percentiles to 1.6 %, the least and the most exactly', () => {
    for (const unit of [0.001, 0.1, 1, 60, 5_000]) {
      const histogram = of(...Array.from({ length: 1_000 }, (_, i) => (i + 1) * unit))
      expect(histogram.percentileMs(0.5)).to.be.within(500 * unit, 500 * unit * 1.016 + 0.001)
      expect(histogram.percentileMs(0.99)).to.be.within(990 * unit, 990 * unit * 1.016 + 0.001)
      expect([histogram.minMs, histogram.maxMs, histogram.percentileMs(1)]).to.deep.equal([
        unit,
        1_000 * unit,
        1_000 * unit,
      ])
      expect(histogram.meanMs).to.be.closeTo(500.5 * unit, unit / 1_000)
    }
  })

  it('draws bars at 1, 2, 5, 10 ... that hold every latency once', () => {
    expect(of(0.9, 1, 1.5, 4, 4.5, 30).bars()).to.deep.equal([
      { upToMs: 1, count: 2 },
      { upToMs: 2, count: 1 },
      { upToMs: 5, count: 2 },
      { upToMs: 10, count: 0 },
      { upToMs: 20, count: 0 },
      { upToMs: 50, count: 1 },
    ])
  })

  it('keeps a bucket for whatever time', () => {
    const extremes = of(0, 1e-9, 1e9)
    expect(extremes.bars().reduce((sum, { count }) => sum + count, 0)).to.equal(3)
    expect(extremes.percentileMs(1)).to.equal(1e9)
  })

  it('tells zeros of nothing', () => {
    const { minMs, meanMs, maxMs } = of()
    expect([minMs, meanMs, maxMs, of().percentileMs(0.5), of().bars()]).to.deep.equal([0, 0, 0, 0, []])
  })
})
