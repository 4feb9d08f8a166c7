// One timer for many deadlines, and sleeping on a clock.
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { type Clock, platformClock, sleep } from '../../lib/core/base/clock.ts'
import { DeadlineSweep } from '../../lib/core/base/deadline-sweep.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const none = Number.POSITIVE_INFINITY

/** Writes down which timers were set, and whether they keep the process alive. */
class WatchedClock extends VirtualClock {
  readonly delaysMs: number[] = []
  readonly kept: boolean[] = []

  override setTimer(run: () => void, delayMs: number): ReturnType<Clock['setTimer']> {
    this.delaysMs.push(delayMs)
    return { ...super.setTimer(run, delayMs), keepProcessAlive: (keep) => void this.kept.push(keep) }
  }
}

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

  it('judges what comes 50 ms too late, and gives the sockets three turns where it is more', async () => {
    const clock = new VirtualClock()
    const events: string[] = []
    const withSockets: Clock = {
      now: () => clock.now(),
      setTimer: (run, delayMs) => clock.setTimer(run, delayMs),
      afterSockets: (run) => {
        events.push('sockets')
        clock.setTimer(run, 0)
      },
    }
    const sweep = new DeadlineSweep(withSockets, () => {
      events.push('sweep')
      return none
    })
    for (const lateMs of [50, 51]) {
      sweep.watch(clock.now() + 100)
      clock.standStill(100 + lateMs)
      await clock.advance(0)
    }
    expect(events).to.deep.equal(['sweep', 'sockets', 'sockets', 'sockets', 'sweep'])
  })

  it('gives them as many by timers where the clock knows no sockets', async () => {
    const clock = new WatchedClock()
    const sweep = new DeadlineSweep(clock, () => none)
    sweep.watch(clock.now() + 100)
    clock.standStill(5_000)
    await clock.advance(0)
    expect(clock.delaysMs).to.deep.equal([100, 0, 0, 0])
  })

  it('sets no other timer for a deadline that is not earlier', () => {
    const clock = new WatchedClock()
    const sweep = new DeadlineSweep(clock, () => none)
    for (const inMs of [100, 100, 101, 99]) sweep.watch(clock.now() + inMs)
    expect(clock.delaysMs).to.deep.equal([100, 99])
    expect(clock.pendingCount).to.equal(1)
  })

  it('sets no timer where a sweep leaves nothing', async () => {
    const clock = new WatchedClock()
    const sweep = new DeadlineSweep(clock, () => none)
    sweep.watch(clock.now() + 100)
    await clock.advance(100)
    sweep.watch(none)
    expect(clock.delaysMs).to.deep.equal([100])
  })

  it('keeps the process alive while it is asked to, by the timer that is set and by later ones', async () => {
    const clock = new WatchedClock()
    const sweep = new DeadlineSweep(clock, () => none)
    sweep.watch(clock.now() + 100)
    expect(clock.kept).to.deep.equal([])
    for (const keep of [true, true, false, true]) sweep.keepProcessAlive(keep)
    expect(clock.kept).to.deep.equal([true, false, true])
    sweep.watch(clock.now() + 50)
    expect(clock.kept).to.deep.equal([true, false, true, true])
    sweep.rest()
    sweep.keepProcessAlive(false)
    sweep.watch(clock.now() + 50)
    expect(clock.kept).to.have.lengthOf(4)
  })

  it('asks nothing of a timer that has fired', async () => {
    const clock = new WatchedClock()
    const sweep = new DeadlineSweep(clock, () => none)
    sweep.watch(clock.now() + 100)
    await clock.advance(100)
    sweep.keepProcessAlive(true)
    expect(clock.kept).to.deep.equal([])
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

  it('keeps the process alive only where it is asked to', () => {
    const clock = new WatchedClock()
    void sleep(clock, 500)
    void sleep(clock, 500, undefined, true)
    expect(clock.kept).to.deep.equal([false, true])
  })

  it('leaves no listener at its signal', async () => {
    const clock = new VirtualClock()
    const { signal } = new AbortController()
    const sleeping = sleep(clock, 500, signal)
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(1)
    await clock.until(sleeping)
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  })

  it('sets no timer where its signal has aborted before', async () => {
    const clock = new WatchedClock()
    expect(await sleep(clock, 500, AbortSignal.abort('before')).catch((error) => error)).to.equal('before')
    expect(clock.delaysMs).to.deep.equal([])
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
