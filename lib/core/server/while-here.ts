// The time for which a long call of a client counts against a bound: until it is cancelled or has ended. The handler of a
// cancelled call ends a few microtasks later, and a new request of its client in the same turn must not find it still counted.
import { followSignal } from '../base/followed-signals.ts'

/** Runs the work, and calls `leave` once: when the signal aborts, or when the work has ended. */
export async function whileHere<T>(signal: AbortSignal, leave: () => void, work: () => Promise<T>): Promise<T> {
  let isHere = true
  const onLeave = (): void => {
    if (!isHere) return
    isHere = false
    leave()
  }
  const unfollow = followSignal(signal, onLeave)
  try {
    return await work()
  } finally {
    unfollow()
    onLeave()
  }
}
