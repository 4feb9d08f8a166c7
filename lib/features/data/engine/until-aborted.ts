// Waits until a signal aborts, at most.
import { CancelledError } from '../../../core/base/errors.ts'
import { unlessAborted } from '../../../core/base/followed-signals.ts'

/** The outcome of `done`, or the signal's reason as soon as it aborts. */
export function untilAborted<T>(done: Promise<T>, signal: AbortSignal): Promise<T> {
  return unlessAborted(done, signal, () => reasonOf(signal))
}

/** The reason of the abort, as an error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new CancelledError('cancelled')
}
