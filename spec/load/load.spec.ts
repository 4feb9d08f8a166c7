// The loads of load/, reduced to what fits into a minute. Their bounds on time are generous: the machine may be busy
// with other things. What they are about breaks them all the same.
import { expect } from 'chai'
import { describeFigures, type Figure, isKept } from '../../load/figures.ts'
import { flatHeap } from '../../load/flat-heap.ts'
import { idleLinks } from '../../load/idle-links.ts'
import { manyCalls } from '../../load/many-calls.ts'
import { overload } from '../../load/overload.ts'

const silent = (): void => undefined
// Without a bound on what waits, less than a quarter is answered in time and most of the rest is late.
const overloadSize = { seconds: 3, leastGoodShare: 0.4, mostLateShare: 0.3 }

describe('Load', function () {
  this.timeout(60_000)

  it('2 000 idle links take less than 20 KB each, and are all asked whether they live', async () => {
    expectKept(await idleLinks({ links: 2_000, heartbeatMs: 1_500 }, silent))
  })

  it('100 links with 100 calls each: each call is answered and ran once', async () => {
    expectKept(await manyCalls({ links: 100, callsEach: 100 }, silent))
  })

  it('calls, items, streams and clients that come and go leave nothing', async () => {
    expectKept(await flatHeap({ calls: 100_000, items: 100_000, streams: 6_000, cycles: 500 }, silent))
  })

  it('twice the load that handlers on the processor can take is answered or refused, and soon forgotten', async () => {
    expectKept(await overload('burn', overloadSize, silent))
  })

  it('twice the load that a pool behind the handlers can take is answered or refused, and soon forgotten', async () => {
    expectKept(await overload('pool', overloadSize, silent))
  })
})

function expectKept(figures: readonly Figure[]): void {
  if (!figures.every(isKept)) expect.fail(`a bound is broken:\n${describeFigures(figures)}`)
}
