// A libsql file that another process is writing answers at once that it is busy. To let libsql itself wait would hold up
// the whole process, so it is asked again.
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicNow } from '../../../../core/base/platform-timers.ts'

const firstPauseMs = 1
const longestPauseMs = 20

/** What the work gives, as soon as the file is free; its own error where it is not in time. */
export async function whileBusy<T>(work: () => T | Promise<T>, waitMs: number): Promise<T> {
  const givesUpAtMs = monotonicNow() + waitMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work()
    } catch (error) {
      if (!isBusy(error) || monotonicNow() >= givesUpAtMs) throw error
    }
    // Not all that wait ask at the same moment.
    await sleep(pauseMs * (0.5 + Math.random()))
  }
}

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test((error as { readonly code?: string } | null)?.code ?? '')
}
