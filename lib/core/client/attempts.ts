// Retries until an attempt succeeds, with p-retry. Leaves delays to the caller. browser-attempts.ts replaces it in the bundle for
// browsers.
import pRetry from 'p-retry'

export interface AttemptOptions {
  readonly signal: AbortSignal
  /** Called after each failure. May wait. Returns false to stop. */
  onFailure(error: Error): Promise<boolean>
}

/** Rejects with the last error, or the signal's reason. A TypeError is a bug in the program and is not retried. */
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
