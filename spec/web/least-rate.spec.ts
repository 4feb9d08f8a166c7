// Peers that move bytes too slowly, in virtual time and in time that leaps, as it does where a process was stopped.
import { expect } from 'chai'
import type { Clock, Timer } from '../../lib/core/base/clock.ts'
import { ReaderWatch, watchIncoming } from '../../lib/features/web/least-rate.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const stallMs = 30_000
const perSecond = 16_000

class LeapingClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  setTimer(run: () => void, delayMs: number): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    const cancel = (): void => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
    return { cancel, keepProcessAlive: () => undefined }
  }

  /** What is set meanwhile is not due yet. */
  leap(ms: number): void {
    this.#nowMs += ms
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { run } of due) run()
  }
}

describe('bytes that come in at the least rate', () => {
  it('may stand still for a while in all, and take a second more for each 16 KB', async () => {
    const clock = new VirtualClock()
    const slow: number[] = []
    let count = 0
    watchIncoming(
      clock,
      stallMs,
      () => count,
      (tookMs) => slow.push(tookMs),
    )
    await clock.advance(29_000)
    count = 100 * perSecond
    await clock.advance(100_000)
    expect(slow).to.deep.equal([])
    await clock.advance(1_000)
    expect(slow).to.deep.equal([130_000])
    await clock.advance(1_000_000)
    expect([slow.length, clock.pendingCount]).to.deep.equal([1, 0])
  })

  it('are watched no more when that is ended', async () => {
    const clock = new VirtualClock()
    const stop = watchIncoming(
      clock,
      stallMs,
      () => 0,
      () => expect.fail('it was ended'),
    )
    stop()
    await clock.advance(1_000_000)
    expect(clock.pendingCount).to.equal(0)
  })

  it('are not too slow because this process stood still', () => {
    const clock = new LeapingClock()
    let isSlow = false
    let count = 0
    watchIncoming(
      clock,
      stallMs,
      () => count,
      () => {
        isSlow = true
      },
    )
    clock.leap(500_000)
    expect(isSlow, 'sockets have not been read yet').to.equal(false)
    count = 2 * perSecond
    clock.leap(1_000)
    expect(isSlow, 'what came meanwhile counts').to.equal(false)
    clock.leap(1_000)
    expect(isSlow).to.equal(true)
  })
})

describe('a reader at the least rate', () => {
  it('is given up when it takes nothing for a while', async () => {
    const clock = new VirtualClock()
    const slowAtMs: number[] = []
    const startMs = clock.now()
    const watch = new ReaderWatch(clock, stallMs, () => slowAtMs.push(clock.now() - startMs))
    watch.add(10 * perSecond)
    await clock.advance(1_000_000)
    expect(slowAtMs).to.deep.equal([40_000])
    watch.stop()
  })

  it('may stand still again after it has read fast, and no longer than once', async () => {
    const clock = new VirtualClock()
    let isSlow = false
    const watch = new ReaderWatch(clock, stallMs, () => {
      isSlow = true
    })
    watch.add(1_000 * perSecond)
    await clock.advance(1_000)
    watch.remove(999 * perSecond)
    await clock.advance(30_000)
    expect(isSlow).to.equal(false)
    // It is looked for at least once in the time that it may stand still.
    await clock.advance(stallMs)
    expect(isSlow).to.equal(true)
  })

  it('is watched only while something waits for it', async () => {
    const clock = new VirtualClock()
    const watch = new ReaderWatch(clock, stallMs, () => expect.fail('nothing waits for it'))
    for (let n = 0; n < 3; n++) {
      watch.add(100)
      await clock.advance(20_000)
      watch.remove(100)
      await clock.advance(1_000_000)
    }
    expect(clock.pendingCount).to.equal(0)
  })
})
