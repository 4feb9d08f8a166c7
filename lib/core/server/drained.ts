// Waits until nothing of some sessions' calls runs, and all answers are on their way.
import { type Clock, sleep } from '../base/clock.ts'
import type { ServerSession } from './server-session.ts'

/** The time that handlers have to end after their signals aborted. */
export const lastCallMs = 1_000
const lookEveryMs = 5

/** False: something still runs after the time. */
export async function drainedWithin(
  limitMs: number,
  sessions: () => readonly ServerSession[],
  clock: Clock,
): Promise<boolean> {
  const endAtMs = clock.now() + limitMs
  for (;;) {
    if (sessions().every((session) => session.core.isDrained)) return true
    const leftMs = endAtMs - clock.now()
    if (leftMs <= 0) return false
    await sleep(clock, Math.min(lookEveryMs, leftMs), undefined, true)
  }
}
