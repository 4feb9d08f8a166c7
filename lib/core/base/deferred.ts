// A promise that others settle. Promise.withResolvers, which is the same, is not in Node 20.

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T | PromiseLike<T>) => void
  readonly reject: (reason: unknown) => void
}

/**
 * A pending promise with the functions that settle it: the first call of either counts, further ones do nothing.
 *
 * @example
 * const opened = deferred<void>()
 * socket.once('open', opened.resolve).once('error', opened.reject)
 * await opened.promise
 */
export function deferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve']
  let reject!: Deferred<T>['reject']
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
