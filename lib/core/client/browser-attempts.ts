// Tries again until it succeeds, where every kilobyte is loaded: what attempts.ts does, without p-retry's waiting.
import type { AttemptOptions } from './attempts.ts'

export async function attemptUntilDone(attempt: () => Promise<void>, options: AttemptOptions): Promise<void> {
  for (;;) {
    options.signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      options.signal.throwIfAborted()
      const goesOn = await options.onFailure(error as Error)
      if (!goesOn || error instanceof TypeError) throw error
    }
  }
}
