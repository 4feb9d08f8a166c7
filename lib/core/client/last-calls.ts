// The grace period of a closing client, in which its open calls may finish.
import type { PendingCall } from '../action/pending-call.ts'
import type { Clock } from '../base/clock.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import { requireCount } from '../base/options.ts'

/** Options of `client.close`. */
export interface CloseOptions {
  /** How long open calls have to finish, in milliseconds. Default 0. */
  readonly graceMs?: number | undefined
}

const closeOptions: OptionTable<CloseOptions> = { graceMs: 'any' }

/** Throws ClientError (`INVALID_OPTION`). */
export function graceOf(options: CloseOptions): number {
  checkOptions('close', options, closeOptions)
  return requireCount('graceMs', options.graceMs ?? 0)
}

/** Settles when all calls have ended, or after the time limit. */
export function untilOver(calls: readonly PendingCall[], clock: Clock, limitMs: number): Promise<void> {
  let left = calls.length
  if (left === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, limitMs)
    for (const call of calls) {
      call.whenDone(() => {
        if (--left > 0) return
        timer.cancel()
        resolve()
      })
    }
  })
}
