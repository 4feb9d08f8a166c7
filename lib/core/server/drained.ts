// The wait until no call of some sessions runs, and all answers have been sent.
import { type Clock, sleep } from '../base/clock.ts'
import type { ServerSession } from './server-session.ts'

/** The time that handlers have to end after their signals abort. */
export const lastCallMs = 1_000
const pollMs = 5

/** False: something still runs after the limit. */
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
    await sleep(clock, Math.min(pollMs, leftMs), undefined, true)
  }
}
