// Tries again until it succeeds, by p-retry; the waiting is the caller's. The bundle for browsers has browser-attempts.ts
// in its place.
import pRetry from 'p-retry'

export interface AttemptOptions {
  readonly signal: AbortSignal
  /** Asked after each failure; may wait. False: this error is the end of it. */
  onFailure(error: Error): Promise<boolean>
}

/** Rejects with the error that was the end of it, or the signal's reason. A TypeError is a fault of the program. */
export async function attemptUntilDone(attempt: () => Promise<void>, options: AttemptOptions): Promise<void> {
  const { signal, onFailure } = options
  let goesOn = true
  await pRetry(attempt, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0,
    maxTimeout: 0,
    signal,
    onFailedAttempt: async ({ error }) => {
      goesOn = await onFailure(error)
    },
    shouldRetry: () => goesOn,
  })
}
