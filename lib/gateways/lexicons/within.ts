// Waits with a bound, for what must end even when a user's hook does not.
import type { Clock } from '../../base/clock.ts'

/** Settles when the promise has, or when the time is up. Never rejects. */
export function within(promise: Promise<unknown>, limitMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, limitMs)
    timer.keepProcessAlive(true)
    const onSettled = (): void => {
      timer.cancel()
      resolve()
    }
    promise.then(onSettled, onSettled)
  })
}
