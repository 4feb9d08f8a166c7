// Waits with a limit, for work that must end even if a user's hook does not.
import type { Clock } from '../../core/base/clock.ts'
import { DeadlineError } from '../../core/base/errors.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'

/** The promise's outcome. Rejects with DeadlineError if it takes longer; `what` describes that, such as "it did not end". */
export async function withTimeLimit<T>(promise: Promise<T>, limitMs: number, clock: Clock, what: string): Promise<T> {
  if (await settlesWithin(clock, promise, limitMs)) return promise
  throw new DeadlineError(`${what} within ${limitMs} ms`)
}
