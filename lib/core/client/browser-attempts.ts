// Replaces attempts.ts in the bundle for browsers: the same without p-retry, to keep the bundle small.
import type { AttemptOptions } from './attempts.ts'

export async function attemptUntilDone(attempt: () => Promise<void>, options: AttemptOptions): Promise<void> {
  for (;;) {
    options.signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      options.signal.throwIfAborted()
      const isRetried = await options.onFailure(error as Error)
      if (!isRetried || error instanceof TypeError) throw error
    }
  }
}
