// Waiting for the next run of a task, which may be far away or depend on the calendar.
import { type Clock, sleep } from '../../core/base/clock.ts'
import { calendarNow } from '../../core/base/platform-timers.ts'

/** The longest timer. The clock is read again after each one, because it may have been set. */
const longestStepMs = 60_000

/** The clock's date, in milliseconds since 1970. */
export function wallNow(clock: Clock): number {
  return clock.wallNow?.() ?? calendarNow()
}

/**
 * Waits until no time is left, however long that takes, and at least for a turn of the event loop, so that a task with a tiny
 * interval does not block it. Rejects with the signal's reason if the signal aborts first.
 */
export async function waitOut(clock: Clock, leftMs: () => number, signal: AbortSignal): Promise<void> {
  let left = leftMs()
  do {
    await sleep(clock, Math.max(0, Math.min(left, longestStepMs)), signal)
    left = leftMs()
  } while (left > 0)
}
