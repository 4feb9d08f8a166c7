// Waits with a bound, for what must end even when a user's hook does not.
import { type Clock, sleep } from '../../base/clock.ts'
import { DeadlineError } from '../../base/errors.ts'

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

/** The promise's outcome; rejects with DeadlineError where it takes longer. `what` did not happen, as in "it did not end". */
export async function unlessLate<T>(promise: Promise<T>, limitMs: number, clock: Clock, what: string): Promise<T> {
  const abort = new AbortController()
  const late = sleep(clock, limitMs, abort.signal).then(() => {
    throw new DeadlineError(`${what} within ${limitMs} ms`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => undefined)
    abort.abort()
  }
}
