// The loads of load/ that ask about counts and memory, reduced to what fits into a minute. Those that ask about time
// (overload) are `npm run load`; what they rest on is proven in spec/server/run-queue.spec.ts.
import { expect } from 'chai'
import { describeFigures, type Figure, isKept } from '../../load/figures.ts'
import { flatHeap } from '../../load/flat-heap.ts'
import { idleLinks } from '../../load/idle-links.ts'
import { manyCalls } from '../../load/many-calls.ts'
import { longIt, sizeOf } from '../setup/long.ts'

const silent = (): void => undefined
/** Three times what holds at full size: here the engine's own growth is a large part. */
const mostGrowthMb = 6

describe('Load', function () {
  this.timeout(120_000)

  longIt('2 000 idle links take less than 6 KB each, and are all asked whether they live', async () => {
    expectKept(await idleLinks({ links: 2_000, heartbeatMs: 1_500 }, silent))
  })

  const links = sizeOf({ all: 100, few: 20 })

  longIt(`${links} links with 100 calls each: each call is answered and ran once`, async () => {
    expectKept(await manyCalls({ links, callsEach: 100, mostGrowthMb }, silent))
  })

  longIt('calls, items, streams and clients that come and go leave nothing', async () => {
    expectKept(await flatHeap({ calls: 100_000, items: 100_000, streams: 6_000, cycles: 500 }, silent, mostGrowthMb))
  })
})

function expectKept(figures: readonly Figure[]): void {
  if (!figures.every(isKept)) expect.fail(`a bound is broken:\n${describeFigures(figures)}`)
}
