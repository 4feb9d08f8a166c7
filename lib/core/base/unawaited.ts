// Promises that programs often do not await, such as those of messages to a peer that may be gone. An unhandled rejection
// ends a Node process, and with it the calls of all other clients.

const ignore = (): void => undefined

/** Returns the same promise, which still rejects when awaited. `onLost` is called with the rejection. */
export function unawaited<T>(promise: Promise<T>, onLost: (error: unknown) => void = ignore): Promise<T> {
  promise.then(undefined, onLost)
  return promise
}
