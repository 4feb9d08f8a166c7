// Waits with a bound, for what must end even when a user's hook does not.
import { type Clock, sleep } from '../../core/base/clock.ts'
import { DeadlineError } from '../../core/base/errors.ts'

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
