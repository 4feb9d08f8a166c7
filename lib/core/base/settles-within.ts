// A wait with a bound, for work that may never end.
import type { Clock } from './clock.ts'

/** Waits for the work to settle, but no longer than this. False: it goes on. The wait keeps the process alive. Never rejects. */
export function settlesWithin(clock: Clock, work: PromiseLike<unknown>, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => resolve(false), limitMs)
    timer.keepProcessAlive(true)
    const onSettled = (): void => {
      timer.cancel()
      resolve(true)
    }
    work.then(onSettled, onSettled)
  })
}
