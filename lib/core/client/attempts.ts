// Retries until an attempt succeeds, with p-retry. Leaves the waits to the caller. In the bundle for browsers, browser-attempts.ts
// replaces it.
import pRetry from 'p-retry'

export interface AttemptOptions {
  readonly signal: AbortSignal
  /** Called after each failure; may wait. False: no further attempt. */
  onFailure(error: Error): Promise<boolean>
}

/** Rejects with the last error, or the signal's reason. A TypeError is a bug of the program, and is not retried. */
export async function attemptUntilDone(attempt: () => Promise<void>, options: AttemptOptions): Promise<void> {
  const { signal, onFailure } = options
  let isRetried = true
  await pRetry(attempt, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0,
    maxTimeout: 0,
    signal,
    onFailedAttempt: async ({ error }) => {
      isRetried = await onFailure(error)
    },
    shouldRetry: () => isRetried,
  })
}
