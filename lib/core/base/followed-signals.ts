// One listener for each AbortSignal, however many calls and waits follow it. Platforms keep a signal's listeners in a list
// and walk along it to add or remove one, so that thousands of listeners cost their square, and Node warns of a leak from the
// eleventh. A signal that nobody follows any more has no listener, and nothing is kept of it.

import { Queue } from './queue.ts'

type OnAbort = () => void
type Unfollow = () => void

/** Of each signal that is followed. The signal owns its entry: both are released together. */
const followedSignals = new WeakMap<AbortSignal, FollowedSignal>()

const nothing: Unfollow = () => undefined

/**
 * Calls `onAbort` once when the signal aborts; immediately where it has aborted already. Those who follow one signal are
 * called in the order in which they began, also where one of them throws: that is thrown afterwards, as by a listener.
 *
 * @param signal undefined: it never aborts.
 * @returns what ends it, at any time and as often as one likes.
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
    // Listens before it is kept: a signal that takes no listener must not seem to be followed.
    followed = new FollowedSignal(signal)
    followedSignals.set(signal, followed)
  }
  return followed.add(onAbort)
}

/** The outcome of the work; or, as soon as the signal aborts, a rejection with `reason`, by default the signal's own. */
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
  /** In the order in which they began. */
  readonly #followers = new Queue<OnAbort>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#tellAll, { once: true })
  }

  add(onAbort: OnAbort): Unfollow {
    const place = this.#followers.add(onAbort)
    return () => {
      if (place.leave() && this.#followers.length === 0) this.#release()
    }
  }

  readonly #tellAll = (): void => {
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
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} of those who follow a signal threw`)
  }

  #release(): void {
    if (followedSignals.get(this.#signal) === this) followedSignals.delete(this.#signal)
    this.#signal.removeEventListener('abort', this.#tellAll)
  }
}
