// Promises that programs often do not await: what is sent on the side, for somebody who may have gone. A rejection that nobody
// handles ends a Node process, and with it everybody else's calls.

const ignore = (): void => undefined

/** The same promise, which still rejects for those who await it. `onLost` is called with what it rejects with. */
export function unawaited<T>(promise: Promise<T>, onLost: (error: unknown) => void = ignore): Promise<T> {
  promise.then(undefined, onLost)
  return promise
}
