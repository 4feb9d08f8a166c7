// One listener for each AbortSignal, however many calls and waits follow it. Platforms keep a signal's listeners in a list
// and walk it to add or remove one, so thousands of listeners cost quadratic time, and Node warns of a leak from the
// eleventh on. A signal without followers has no listener and leaves no entry.

import { Queue } from './queue.ts'

type OnAbort = () => void
type Unfollow = () => void

/** An entry for each followed signal, released together with its signal. */
const followedSignals = new WeakMap<AbortSignal, FollowedSignal>()

const nothing: Unfollow = () => undefined

/**
 * Calls `onAbort` once when the signal aborts; immediately if it has already aborted. The followers of a signal are called
 * in the order in which they were added, even if one throws: its error is thrown afterwards, as a listener's would be.
 *
 * @param signal undefined: never aborts.
 * @returns a function that stops following. It may be called at any time, any number of times.
 * @example
 * const unfollow = followSignal(signal, () => socket.destroy())
 * try {
 *   await work()
 * } finally {
 *   unfollow()
 * }
 */
export function followSignal(signal: AbortSignal | undefined, onAbort: OnAbort): Unfollow {
  if (signal === undefined) return nothing
  if (signal.aborted) {
    onAbort()
    return nothing
  }
  let followed = followedSignals.get(signal)
  if (followed === undefined) {
    // Listens before it is stored: a signal that accepts no listener must not look followed.
    followed = new FollowedSignal(signal)
    followedSignals.set(signal, followed)
  }
  return followed.add(onAbort)
}

/** Settles as `work` does, or rejects with `reason` (default: the signal's own) as soon as the signal aborts. */
export function unlessAborted<T>(
  work: PromiseLike<T>,
  signal: AbortSignal,
  reason: () => unknown = () => signal.reason,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const unfollow = followSignal(signal, () => reject(reason()))
    Promise.resolve(work).then(resolve, reject).finally(unfollow)
  })
}

class FollowedSignal {
  readonly #signal: AbortSignal
  /** In the order in which they were added. */
  readonly #followers = new Queue<OnAbort>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#notifyAll, { once: true })
  }

  add(onAbort: OnAbort): Unfollow {
    const place = this.#followers.add(onAbort)
    return () => {
      if (place.leave() && this.#followers.length === 0) this.#release()
    }
  }

  readonly #notifyAll = (): void => {
    this.#release()
    const errors: unknown[] = []
    for (let onAbort = this.#followers.take(); onAbort !== undefined; onAbort = this.#followers.take()) {
      try {
        onAbort()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} listeners of a signal threw`)
  }

  #release(): void {
    if (followedSignals.get(this.#signal) === this) followedSignals.delete(this.#signal)
    this.#signal.removeEventListener('abort', this.#notifyAll)
  }
}
