// How tasks wait: long waits, and waits for a time of the calendar.
import { type Clock, sleep } from '../../core/base/clock.ts'
import { calendarNow } from '../../core/base/platform-timers.ts'

/** The longest timer: the clock is read again after it, because it may have been set meanwhile. */
const longestStepMs = 60_000

/** Milliseconds since 1970 on this clock. */
export function wallNow(clock: Clock): number {
  return clock.wallNow?.() ?? calendarNow()
}

/**
 * Waits until nothing is left, however long that is, and at least for a turn of the event loop: a task with a tiny
 * interval must not take all turns. Rejects with the signal's reason when that comes first.
 */
export async function waitOut(clock: Clock, leftMs: () => number, signal: AbortSignal): Promise<void> {
  let left = leftMs()
  do {
    await sleep(clock, Math.max(0, Math.min(left, longestStepMs)), signal)
    left = leftMs()
  } while (left > 0)
}
