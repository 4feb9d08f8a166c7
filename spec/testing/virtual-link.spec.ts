// When one end of a connection of a virtual network breaks. In virtual time.
import { expect } from 'chai'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { VirtualLink } from '../../lib/testing/virtual-link.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

describe('A virtual link', () => {
  for (const [first, second] of [
    [100, 1_000],
    [1_000, 100],
  ] as const)
    it(`that is to break after ${second} ms breaks then, also where ${first} ms were said before`, async () => {
      const clock = new VirtualClock()
      const conditions = { clock, random: new SeededRandom(1), isRough: false, latencyMs: () => 0 }
      const endedAtMs: number[] = []
      const link = new VirtualLink('memory:one', conditions, () => endedAtMs.push(clock.now()))
      link.open({ onBytes: () => undefined, onDrain: () => undefined, onEnd: () => undefined })
      const startMs = clock.now()
      link.endAfter(first)
      link.endAfter(second)
      await clock.advance(2_000)
      expect(endedAtMs).to.deep.equal([startMs + second])
      expect(clock.pendingCount).to.equal(0)
    })
})
