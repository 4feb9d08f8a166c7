// Waits between attempts: exponential, capped, full jitter.
import { expect } from 'chai'
import { Backoff, type BackoffOptions } from '../../lib/core/base/backoff.ts'

function durations(count: number, random: () => number, options: BackoffOptions = {}): number[] {
  const waits: number[] = []
  for (let backoff = new Backoff(options, random); waits.length < count; backoff = backoff.next()) {
    waits.push(backoff.durationMs)
  }
  return waits
}

describe('Backoff', () => {
  it('doubles from 100 ms to 5 s', () => {
    expect(durations(8, () => 1)).to.deep.equal([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  })

  it('takes its bounds and factor from the options', () => {
    expect(durations(4, () => 1, { minMs: 7, maxMs: 100, factor: 3 })).to.deep.equal([7, 21, 63, 100])
  })

  it('draws from zero to the bound: full jitter', () => {
    expect(durations(3, () => 0)).to.deep.equal([0, 0, 0])
    expect(durations(3, () => 0.25)).to.deep.equal([25, 50, 100])
    const drawn = durations(2_000, Math.random, { minMs: 1_000, factor: 1 })
    expect(Math.min(...drawn)).to.be.within(0, 20)
    expect(Math.max(...drawn)).to.be.within(980, 1_000)
  })

  it('stays at its cap for ever', () => {
    expect(durations(2_000, () => 1).at(-1)).to.equal(5_000)
  })

  it('does not change: next() gives another', () => {
    const first = new Backoff({}, () => 1)
    first.next()
    expect(first.durationMs).to.equal(100)
    expect(first.next().durationMs).to.equal(200)
  })
})
