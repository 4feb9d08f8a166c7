// What the runs of tasks and processes have in common: which errors are no failure, and how a run waits for the one before.
import { expect } from 'chai'
import { deferred } from '../../lib/core/base/deferred.ts'
import { endedOrAborted, isStop, outcomeOf } from '../../lib/features/tasks/run.ts'
import { BusyError, CancelledError } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'

describe('The end of a run', () => {
  const reason = new Error('the server is shutting down')
  const aborted = AbortSignal.abort(reason)
  const running = new AbortController().signal

  const ends: Record<string, [error: unknown, isOne: boolean]> = {
    'the reason of its signal': [reason, true],
    'an AbortError, as of fetch and timers': [new DOMException('aborted', 'AbortError'), true],
    'what only has that name': [{ name: 'AbortError' }, true],
    'a cancelled call': [new CancelledError('cancelled'), true],
    'an error of its own': [new Error('the disk is full'), false],
    'another error of isock': [new BusyError('too many'), false],
    'one with the code of a cancelled call alone': [Object.assign(new Error('x'), { code: 'CANCELLED' }), false],
    nothing: [undefined, false],
    null: [null, false],
  }
  for (const [what, [error, isOne]] of Object.entries(ends))
    it(`${isOne ? 'was asked for' : 'is a failure'} when it throws ${what} after it was aborted`, () => {
      expect(isStop(error, aborted)).to.equal(isOne)
    })

  for (const [what, [error]] of Object.entries(ends))
    it(`is a failure when it throws ${what} of its own accord`, () => {
      expect(isStop(error, running)).to.equal(false)
    })

  it('is an outcome, whichever way it ends', async () => {
    expect(await outcomeOf(() => 5)).to.deep.equal({ ok: true, value: undefined })
    expect(await outcomeOf(() => Promise.reject(reason))).to.deep.equal({ ok: false, error: reason })
    const outcome = await outcomeOf(() => {
      throw reason
    })
    expect(outcome).to.deep.equal({ ok: false, error: reason })
  })
})

describe('A run that waits for the one before', () => {
  const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
    let settled = false
    void promise.then(() => {
      settled = true
    })
    await settle()
    return settled
  }

  it('begins when that has ended', async () => {
    const before = deferred<void>()
    const { signal } = new AbortController()
    const ended = endedOrAborted(before.promise, signal)
    expect(await isSettled(ended)).to.equal(false)
    before.resolve()
    expect(await isSettled(ended)).to.equal(true)
  })

  it('stops waiting when it is aborted', async () => {
    const abort = new AbortController()
    const ended = endedOrAborted(new Promise(() => undefined), abort.signal)
    abort.abort()
    expect(await isSettled(ended)).to.equal(true)
  })
})
