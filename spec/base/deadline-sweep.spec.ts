// One timer for many deadlines, and sleeping on a clock.
import { expect } from 'chai'
import { platformClock, sleep } from '../../lib/base/clock.ts'
import { DeadlineSweep } from '../../lib/base/deadline-sweep.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

describe('DeadlineSweep', () => {
  it('runs at the earliest deadline, with one timer for all', async () => {
    const clock = new VirtualClock()
    const startMs = clock.now()
    const deadlines = [300, 100, 200].map((ms) => startMs + ms)
    const sweptAtMs: number[] = []
    const sweep = new DeadlineSweep(clock, (nowMs) => {
      sweptAtMs.push(nowMs - startMs)
      return Math.min(...deadlines.filter((deadline) => deadline > nowMs))
    })
    for (const deadline of deadlines) sweep.watch(deadline)
    expect(clock.pendingCount).to.equal(1)
    await clock.advance(1_000)
    expect(sweptAtMs).to.deep.equal([100, 200, 300])
    expect(clock.pendingCount).to.equal(0)
  })

  it('needs no timer while it rests, and takes the next deadline', async () => {
    const clock = new VirtualClock()
    const sweptAtMs: number[] = []
    const startMs = clock.now()
    const sweep = new DeadlineSweep(clock, (nowMs) => {
      sweptAtMs.push(nowMs - startMs)
      return Number.POSITIVE_INFINITY
    })
    sweep.watch(startMs + 100)
    sweep.rest()
    expect(clock.pendingCount).to.equal(0)
    sweep.watch(startMs + 200)
    await clock.advance(1_000)
    expect(sweptAtMs).to.deep.equal([200])
  })

  it('takes what is watched during a sweep', async () => {
    const clock = new VirtualClock()
    let sweeps = 0
    const sweep = new DeadlineSweep(clock, (nowMs) => {
      if (++sweeps < 3) sweep.watch(nowMs + 10)
      return Number.POSITIVE_INFINITY
    })
    sweep.watch(clock.now() + 10)
    await clock.advance(100)
    expect(sweeps).to.equal(3)
  })

  it('lets the sockets be read first when it comes much later than it was set', async () => {
    const clock = new VirtualClock()
    const order: string[] = []
    const sweep = new DeadlineSweep(clock, () => {
      order.push('sweep')
      return Number.POSITIVE_INFINITY
    })
    sweep.watch(clock.now() + 100)
    clock.standStill(5_000)
    // What is read in the turn after the timers.
    clock.setTimer(() => setImmediate(() => order.push('read')), 0)
    await clock.advance(0)
    expect(order).to.deep.equal(['read', 'sweep'])
    expect(clock.pendingCount).to.equal(0)
  })

  it('judges immediately when it comes in time', async () => {
    const clock = new VirtualClock()
    let sweeps = 0
    const sweep = new DeadlineSweep(clock, () => {
      sweeps++
      return Number.POSITIVE_INFINITY
    })
    sweep.watch(clock.now() + 100)
    await clock.advance(100)
    expect([sweeps, clock.pendingCount]).to.deep.equal([1, 0])
  })

  it('lets the sockets of the platform be read first', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      const sweep = new DeadlineSweep(platformClock, () => {
        order.push('sweep')
        resolve()
        return Number.POSITIVE_INFINITY
      })
      sweep.keepProcessAlive(true)
      sweep.watch(platformClock.now() + 1)
      // What is read in the turn after these timers.
      setTimeout(() => setImmediate(() => order.push('read')), 0)
      const endMs = performance.now() + 100
      while (performance.now() < endMs);
    })
    expect(order).to.deep.equal(['read', 'sweep'])
  })

  it('is silent once closed, also between being late and judging', async () => {
    const clock = new VirtualClock()
    const sweep = new DeadlineSweep(clock, () => {
      throw new Error('it ran')
    })
    sweep.watch(clock.now() + 10)
    clock.standStill(5_000)
    clock.setTimer(() => sweep.close(), 0)
    await clock.advance(100)
    expect(clock.pendingCount).to.equal(0)
  })

  it('is silent once closed', async () => {
    const clock = new VirtualClock()
    const sweep = new DeadlineSweep(clock, () => {
      throw new Error('it ran')
    })
    sweep.watch(clock.now() + 10)
    sweep.close()
    sweep.watch(clock.now() + 10)
    expect(clock.pendingCount).to.equal(0)
    await clock.advance(100)
  })
})

describe('sleep', () => {
  it('ends when its time is over', async () => {
    const clock = new VirtualClock()
    await clock.until(sleep(clock, 500))
    expect(clock.now()).to.equal(1_500)
  })

  it('rejects with the reason of its signal, and leaves no timer', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const sleeping = sleep(clock, 500, controller.signal).catch((error) => error)
    controller.abort('enough')
    expect(await sleeping).to.equal('enough')
    expect(clock.pendingCount).to.equal(0)
    expect(await sleep(clock, 500, controller.signal).catch((error) => error)).to.equal('enough')
  })
})
