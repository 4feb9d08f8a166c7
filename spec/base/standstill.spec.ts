// Whether a timer comes late because its process stood still.
import { expect } from 'chai'
import { Standstill } from '../../lib/core/base/standstill.ts'

describe('A standstill', () => {
  /** A timer of this delay that is set again each time, and comes so much too late each time. */
  function verdicts(delayMs: number, lateByMs: readonly number[]): boolean[] {
    const standstill = new Standstill()
    let nowMs = 0
    return lateByMs.map((lateMs) => {
      standstill.timerSet(nowMs, delayMs)
      nowMs += delayMs + lateMs
      return standstill.isFirstLate(nowMs)
    })
  }

  it('is a timer that is later than its own delay, and than a second', () => {
    expect(verdicts(5_000, [0, 5_000, 0, 5_001])).to.deep.equal([false, false, false, true])
    expect(verdicts(10, [0, 1_000, 0, 1_001])).to.deep.equal([false, false, false, true])
  })

  it('is forgiven once where each timer comes late', () => {
    expect(verdicts(5_000, [60_000, 60_000, 60_000])).to.deep.equal([true, false, false])
    expect(verdicts(5_000, [60_000, 0, 60_000])).to.deep.equal([true, false, true])
  })
})
