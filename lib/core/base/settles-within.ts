// A bounded wait, for work that may never end.
import type { Clock } from './clock.ts'

/** Waits at most `limitMs` for the work to settle. False: it is still running. The wait keeps the process alive. Never rejects. */
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
