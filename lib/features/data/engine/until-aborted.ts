// Waits for something no longer than a signal lets.
import { CancelledError } from '../../../core/base/errors.ts'
import { unlessAborted } from '../../../core/base/followed-signals.ts'

/** Its outcome, or the signal's reason as soon as that aborts. */
export function untilAborted<T>(done: Promise<T>, signal: AbortSignal): Promise<T> {
  return unlessAborted(done, signal, () => reasonOf(signal))
}

/** Why it aborted, as an error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new CancelledError('cancelled')
}
