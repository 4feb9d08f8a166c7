// The small bounded waits, and promises that nobody awaits.
import { expect } from 'chai'
import type { Clock } from '../../lib/core/base/clock.ts'
import { patienceMs } from '../../lib/core/base/patience.ts'
import { settlesWithin } from '../../lib/core/base/settles-within.ts'
import { unawaited } from '../../lib/core/base/unawaited.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

/** Writes down whether its timers keep the process alive. */
class WatchedClock extends VirtualClock {
  readonly kept: boolean[] = []

  override setTimer(...given: Parameters<Clock['setTimer']>): ReturnType<Clock['setTimer']> {
    return { ...super.setTimer(...given), keepProcessAlive: (keep) => void this.kept.push(keep) }
  }
}

describe('A wait for work that may never end', () => {
  it('ends when its time is over, and keeps the process alive until then', async () => {
    const clock = new WatchedClock()
    let answer: boolean | undefined
    void settlesWithin(clock, new Promise(() => undefined), 500).then((isSettled) => {
      answer = isSettled
    })
    expect(clock.kept).to.deep.equal([true])
    await clock.advance(499)
    expect(answer).to.equal(undefined)
    await clock.advance(1)
    expect(answer).to.equal(false)
  })

  for (const [how, work] of [
    ['is done', () => Promise.resolve()],
    ['fails', () => Promise.reject(new Error('failed'))],
  ] as const)
    it(`ends with the work when that ${how}, and leaves no timer`, async () => {
      const clock = new VirtualClock()
      const settling = settlesWithin(clock, work(), 500)
      await settle()
      expect(clock.pendingCount).to.equal(0)
      expect(await settling).to.equal(true)
    })
})

describe('A promise that nobody may await', () => {
  it('rejects for those who do, and says what is lost', async () => {
    const lost: unknown[] = []
    const error = new Error('nobody listens')
    const promise = Promise.reject(error)
    expect(unawaited(promise, (why) => lost.push(why))).to.equal(promise)
    expect(await promise.catch((why) => why)).to.equal(error)
    expect(lost).to.deep.equal([error])
  })

  it('ends no process when it rejects', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (why: unknown): void => void unhandled.push(why)
    process.on('unhandledRejection', onUnhandled)
    unawaited(Promise.reject(new Error('nobody listens')))
    await settle()
    process.off('unhandledRejection', onUnhandled)
    expect(unhandled).to.deep.equal([])
  })
})

describe('The patience with a peer', () => {
  it('is what it may stand still for, and a second more for each 16 KB', () => {
    expect(patienceMs(0, 500)).to.equal(500)
    expect(patienceMs(16_000, 500)).to.equal(1_500)
  })
})
