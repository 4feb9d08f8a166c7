// Waits of tasks: long ones, and ones that end with the calendar.
import { type Clock, sleep } from '../../core/base/clock.ts'
import { calendarNow } from '../../core/base/platform-timers.ts'

/** No timer is longer: the calendar is asked again, which may have been set meanwhile. */
const longestStepMs = 60_000

/** Milliseconds since 1970 on this clock. */
export function wallNow(clock: Clock): number {
  return clock.wallNow?.() ?? calendarNow()
}

/**
 * Waits until nothing is left, however long that is, and at least for a turn of the event loop: a task whose interval is
 * next to nothing must not take all of them. Rejects with the signal's reason when that comes first.
 */
export async function waitOut(clock: Clock, leftMs: () => number, signal: AbortSignal): Promise<void> {
  let left = leftMs()
  do {
    await sleep(clock, Math.max(0, Math.min(left, longestStepMs)), signal)
    left = leftMs()
  } while (left > 0)
}
