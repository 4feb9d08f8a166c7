// The clock of a test that fakes the global timers.
import type { Clock } from '../index.ts'

/** A longer timeout would fire immediately. */
const longestDelayMs = 2 ** 31 - 1

/**
 * A clock that uses the global `setTimeout` and `Date` as they are at each call, so that the fake timers of vitest, Jest, sinon and node:test
 * drive deadlines, backoff and intervals of tasks. (Not `performance`, which node:test does not fake.)
 *
 * @example
 * vi.useFakeTimers()
 * const { client } = await createHarness({ actions: [new Slow()], clock: globalClock })
 * const late = expect(client.runAction(Slow, 1, { timeoutMs: 30_000 })).rejects.toThrow(/30000 ms/)
 * await vi.advanceTimersByTimeAsync(30_000)
 * await late
 */
export const globalClock: Clock = {
  now: () => Date.now(),
  wallNow: () => Date.now(),
  setTimer: (run, delayMs) => {
    // The fake timers of some runners have neither.
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), longestDelayMs)) as Partial<NodeJS.Timeout> | number
    const keepProcessAlive = (keep: boolean): void => {
      if (typeof timer === 'object') (keep ? timer.ref : timer.unref)?.call(timer)
    }
    keepProcessAlive(false)
    return { cancel: () => clearTimeout(timer as NodeJS.Timeout), keepProcessAlive }
  },
}
