// How long a run may stand still for its reader, in virtual time.
import { expect } from 'chai'
import { StallWatch } from '../../lib/features/threads/stall-watch.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

const maxStallMs = 1_000
/** Time for it: 64 ms. */
const itemBytes = 1_024

describe('The watch over a reader that holds a thread', () => {
  let clock: VirtualClock
  let watch: StallWatch
  let isWanted: boolean
  let stalledAtMs: number[]
  let startedAtMs: number

  beforeEach(() => {
    clock = new VirtualClock()
    isWanted = true
    stalledAtMs = []
    startedAtMs = clock.now()
    const onStalled = () => void stalledAtMs.push(clock.now() - startedAtMs)
    watch = new StallWatch({ clock, maxStallMs, isWanted: () => isWanted, onStalled })
  })

  afterEach(() => {
    watch.close()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
  })

  const wait = (bytes: number): (() => void) => {
    let take = (): void => undefined
    void watch.during(
      new Promise<void>((resolve) => {
        take = resolve
      }),
      bytes,
    )
    return take
  }

  /** A reader that takes an item after so long, so many times. */
  const read = async (times: number, everyMs: number, bytes = itemBytes) => {
    for (let i = 0; i < times; i++) {
      const take = wait(bytes)
      await clock.advance(everyMs)
      take()
      await settle()
    }
  }

  it('ends when it takes nothing', async () => {
    wait(itemBytes)
    await clock.advance(1_063)
    expect(stalledAtMs).to.deep.equal([])
    await clock.advance(10_000)
    expect(stalledAtMs).to.deep.equal([1_064])
  })

  it('ends when it takes too little, however often', async () => {
    await read(20, 500)
    expect(stalledAtMs[0]).to.be.within(1_000, 1_500)
  })

  it('never ends one that takes 16 KiB a second', async () => {
    await read(1_000, 60)
    await read(10, 60_000, 1024 * 1024)
    expect(stalledAtMs).to.deep.equal([])
  })

  it('has no more patience with one that was quick before', async () => {
    await read(10_000, 0)
    startedAtMs = clock.now()
    wait(itemBytes)
    await clock.advance(1_064)
    expect(stalledAtMs).to.deep.equal([1_064])
  })

  it('has no more patience with one that was quick before, where others waited all the time', async () => {
    let take = wait(itemBytes)
    for (let i = 0; i < 10_000; i++) {
      const takeNext = wait(itemBytes)
      take()
      await settle()
      take = takeNext
    }
    startedAtMs = clock.now()
    await clock.advance(10_000)
    expect(stalledAtMs).to.deep.equal([1_064])
  })

  it('adds the time for items that came meanwhile', async () => {
    wait(itemBytes)
    await clock.advance(500)
    wait(itemBytes)
    await clock.advance(10_000)
    expect(stalledAtMs).to.deep.equal([1_128])
  })

  it('waits as long as nobody wants the thread', async () => {
    isWanted = false
    wait(itemBytes)
    await clock.advance(60_000)
    expect(stalledAtMs).to.deep.equal([])
    isWanted = true
    await clock.advance(1_000)
    expect(stalledAtMs).to.have.length(1)
  })

  it('sets no timer when the run is over', async () => {
    watch.close()
    wait(itemBytes)
    await clock.advance(10_000)
    expect(stalledAtMs).to.deep.equal([])
  })
})
