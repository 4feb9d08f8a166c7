// The concurrency limiter: which calls run, wait and leave.
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { ConcurrencyLimiter } from '../../lib/core/server/concurrency-limiter.ts'
import { whileHere } from '../../lib/core/server/while-here.ts'
import { BusyError, CancelledError, DeadlineError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

describe('A concurrency limiter', () => {
  const never = new AbortController().signal
  let begun: string[]
  let end: Map<string, () => void>

  beforeEach(() => {
    begun = []
    end = new Map()
  })

  const work = (name: string) => (): Promise<string> => {
    begun.push(name)
    return new Promise((resolve) => end.set(name, () => resolve(name)))
  }

  it('runs work in order, as much at a time as it has places', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 9, places: 2 })
    const runs = ['a', 'b', 'c', 'd'].map((name) => limiter.run(never, work(name)))
    await settle()
    expect(begun).to.deep.equal(['a', 'b'])
    end.get('b')?.()
    await settle()
    expect(begun).to.deep.equal(['a', 'b', 'c'])
    for (const name of ['a', 'c', 'd']) {
      await settle()
      end.get(name)?.()
    }
    expect(await Promise.all(runs)).to.deep.equal(['a', 'b', 'c', 'd'])
    await limiter.idle()
  })

  it('is free again after work that failed', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 0 })
    await failureOf(limiter.run(never, () => Promise.reject(new RangeError('no'))))
    expect(await limiter.run(never, async () => 'next')).to.equal('next')
  })

  it('lets those go that are aborted, with why, as not started', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 9 })
    const first = limiter.run(never, work('a'))
    const [cancelled, late] = [new AbortController(), new AbortController()]
    const failures = [cancelled, late].map(({ signal }) => failureOf(limiter.run(signal, work('gone'))))
    expect(limiter.waitingCount).to.equal(2)
    cancelled.abort(new CancelledError('enough'))
    late.abort(new DeadlineError('too late'))
    const errors = await Promise.all(failures)
    expect(errors[0]).to.be.instanceOf(CancelledError).and.to.include({ notStarted: true })
    expect(errors[1]).to.be.instanceOf(DeadlineError).and.to.include({ notStarted: true })
    expect(limiter.waitingCount).to.equal(0)
    expect(await failureOf(limiter.run(late.signal, work('gone')))).to.be.instanceOf(DeadlineError)
    end.get('a')?.()
    await first
    await limiter.idle()
    expect(begun).to.deep.equal(['a'])
  })

  it('never runs work that is aborted between getting its turn and using it', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 9 })
    const abort = new AbortController()
    const first = limiter.run(never, work('a')).then(() => abort.abort(new CancelledError('left')))
    const second = failureOf(limiter.run(abort.signal, work('b')))
    const third = limiter.run(never, work('c'))
    await settle()
    end.get('a')?.()
    await first
    expect(await second).to.be.instanceOf(CancelledError)
    await settle()
    expect(begun).to.deep.equal(['a', 'c'])
    end.get('c')?.()
    await third
    await limiter.idle()
  })

  it('is bounded', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'the door', maxWaiting: 0 })
    const first = limiter.run(never, work('a'))
    const error = await failureOf(limiter.run(never, work('b')))
    expect(error).to.be.instanceOf(BusyError)
    expect(error.message).to.equal('the door: 0 calls are waiting already; try again later')
    end.get('a')?.()
    await first
  })

  describe('that is full', () => {
    const [hoarder, honest, other] = [[{}], [{}], [{}]]
    let limiter: ConcurrencyLimiter
    let failed: string[]
    let runs: Promise<unknown>[]

    beforeEach(() => {
      limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 4 })
      failed = []
      runs = []
    })

    const enter = (name: string, holders: readonly object[], signal = never): void => {
      const run = limiter.run(signal, work(name), holders).catch((error: unknown) => {
        expect(error).to.be.instanceOf(BusyError).and.include({ notStarted: true })
        failed.push(name)
      })
      runs.push(run)
    }

    /** Ends each as it begins. */
    const finish = async (): Promise<void> => {
      for (let ended = 0; ended < begun.length; ended++) {
        end.get(begun[ended] as string)?.()
        await settle()
      }
      await Promise.all(runs)
      expect(limiter.waitingCount).to.equal(0)
    }

    it('lets one in who has less than another, in place of the last one of that other', async () => {
      for (const name of ['0', '1', '2', '3', '4']) enter(name, hoarder)
      enter('honest', honest)
      await settle()
      expect(failed).to.deep.equal(['4'])
      expect(limiter.waitingCount).to.equal(4)
      await finish()
      expect(begun).to.deep.equal(['0', '1', '2', '3', 'honest'])
    })

    it('refuses one who has as much as another would', async () => {
      for (const name of ['0', '1', '2']) enter(name, hoarder)
      for (const name of ['a', 'b']) enter(name, honest)
      for (const name of ['refused', 'too']) enter(name, honest)
      enter('other', other)
      enter('once only', other)
      await settle()
      expect(failed).to.have.members(['refused', 'too', '2', 'once only'])
      await finish()
      expect(begun).to.deep.equal(['0', '1', 'a', 'b', 'other'])
    })

    it('forgets the one whose place was taken: the next place comes from another, and no listener is left', async () => {
      const { signal } = new AbortController()
      for (const name of ['0', '1', '2', '3', '4']) enter(name, hoarder, name === '4' ? signal : never)
      enter('honest', honest)
      await settle()
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      enter('other', other)
      await settle()
      expect(failed).to.deep.equal(['4', '3'])
      expect(limiter.waitingCount).to.equal(4)
      await finish()
      expect(begun).to.deep.equal(['0', '1', '2', 'honest', 'other'])
    })

    it('counts for an address and for an identity, and only while somebody waits', async () => {
      const [identity, otherIdentity] = [{}, {}]
      for (const name of ['0', '1', '2', '3', '4']) enter(name, [{}, identity])
      enter('honest', [{}, otherIdentity])
      await settle()
      expect(failed).to.deep.equal(['4'])
      await finish()
      // Nothing of it is left.
      for (const name of ['5', '6', '7', '8', '9']) enter(name, honest)
      enter('more', [{}, identity])
      await settle()
      expect(failed).to.deep.equal(['4', '9'])
      await finish()
    })
  })

  it('takes as many as may wait, and refuses one more', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'the door', maxWaiting: 2 })
    const runs = ['a', 'b', 'c'].map((name) => limiter.run(never, work(name)))
    expect(await failureOf(limiter.run(never, work('d')))).to.be.instanceOf(BusyError)
    expect(limiter.waitingCount).to.equal(2)
    for (const name of ['a', 'b', 'c']) {
      await settle()
      end.get(name)?.()
    }
    await Promise.all(runs)
  })

  it('leaves no listener at the signals of those who had their turn', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 9 })
    const { signal } = new AbortController()
    const first = limiter.run(signal, work('a'))
    const second = limiter.run(signal, work('b'))
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(1)
    for (const name of ['a', 'b']) {
      end.get(name)?.()
      await settle()
    }
    await Promise.all([first, second])
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  })

  it('is idle when nobody has a turn any more, and no earlier', async () => {
    const limiter = new ConcurrencyLimiter({ label: 'it', maxWaiting: 9, places: 2 })
    await limiter.idle()
    const runs = ['a', 'b', 'c'].map((name) => limiter.run(never, work(name)))
    let idle = 0
    const waits = [limiter.idle(), limiter.idle()].map((wait) => wait.then(() => idle++))
    for (const name of ['a', 'b']) {
      end.get(name)?.()
      await settle()
      expect(idle).to.equal(0)
    }
    end.get('c')?.()
    await Promise.all([...runs, ...waits])
    expect(idle).to.equal(2)
  })
})

describe('The time for which a call is here', () => {
  const counting = () => {
    let count = 0
    return { leave: () => void count++, left: () => count }
  }

  it('ends with its work, whatever comes of that, and leaves no listener', async () => {
    const { signal } = new AbortController()
    const { leave, left } = counting()
    expect(
      await whileHere(signal, leave, async () => [left(), getEventListeners(signal, 'abort').length]),
    ).to.deep.equal([0, 1])
    expect(left()).to.equal(1)
    const error = new Error('it failed')
    expect(await failureOf(whileHere(signal, leave, () => Promise.reject(error)))).to.equal(error)
    expect(left()).to.equal(2)
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  })

  it('ends once, when it is cancelled or was before, although the work goes on', async () => {
    for (const isEarly of [false, true]) {
      const stop = new AbortController()
      const { leave, left } = counting()
      if (isEarly) stop.abort()
      const seen = await whileHere(stop.signal, leave, async () => {
        stop.abort()
        return left()
      })
      expect([seen, left()]).to.deep.equal([1, 1])
    }
  })
})
