// A libsql file that another process is writing immediately reports that it is busy. Waiting inside libsql would block
// the whole process, so it is retried instead.
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicNow } from '../../../../core/base/platform-timers.ts'

const firstPauseMs = 1
const longestPauseMs = 20

/** The result of the work as soon as the file is free; its own error if that takes too long. */
export async function whileBusy<T>(work: () => T | Promise<T>, waitMs: number): Promise<T> {
  const givesUpAtMs = monotonicNow() + waitMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work()
    } catch (error) {
      if (!isBusy(error) || monotonicNow() >= givesUpAtMs) throw error
    }
    // Randomized, so that waiters do not retry simultaneously.
    await sleep(pauseMs * (0.5 + Math.random()))
  }
}

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test((error as { readonly code?: string } | null)?.code ?? '')
}
