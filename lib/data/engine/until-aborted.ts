// Waits for something no longer than a signal lets.
import { CancelledError } from '../../base/errors.ts'

/** Its outcome, or the signal's reason as soon as that aborts. */
export async function untilAborted<T>(done: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(reasonOf(signal))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    if (signal.aborted) stop?.()
    return await Promise.race([done, aborted])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
    done.catch(() => undefined)
  }
}

/** Why it aborted, as an error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new CancelledError('cancelled')
}
