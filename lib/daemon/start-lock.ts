// One start of a name at a time. The lock is its holder's for as long as that lives and turns; a crashed one loses it.
// Whether a daemon runs is another question, which its control socket answers.
import { ServerError } from '../core/base/errors.ts'
import { withPackages } from '../core/base/optional-packages.ts'
import { monotonicNow, setTimeout } from '../core/base/platform-timers.ts'
import type { DaemonPaths } from './state-directory.ts'

const staleMs = 5_000
const lookEveryMs = { min: 20, max: 120 }

/**
 * Runs with the lock. Before each look `isNeeded` may say that there is nothing left to wait for, by throwing.
 *
 * @throws ServerError (`START_FAILED`) when it is not free within `timeoutMs`.
 */
export async function withStartLock<T>(
  paths: DaemonPaths,
  timeoutMs: number,
  random: () => number,
  isNeeded: () => Promise<void>,
  run: () => Promise<T>,
): Promise<T> {
  const release = await takeLock(paths, timeoutMs, random, isNeeded)
  try {
    return await run()
  } finally {
    // It may have been broken while this process stood still.
    await release().catch(() => undefined)
  }
}

async function takeLock(
  { directory, lock: lockfilePath }: DaemonPaths,
  timeoutMs: number,
  random: () => number,
  isNeeded: () => Promise<void>,
): Promise<() => Promise<void>> {
  const { lock } = await withPackages('isock/daemon', ['proper-lockfile'], () => import('proper-lockfile'))
  const giveUpAtMs = monotonicNow() + timeoutMs
  for (;;) {
    await isNeeded()
    try {
      // A compromised lock is no reason to end the process: who owns the name is settled at the control socket.
      return await lock(directory, { lockfilePath, stale: staleMs, update: 1_000, onCompromised: () => undefined })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED') throw cause
      if (monotonicNow() >= giveUpAtMs) {
        const message = `another start of this daemon has not ended within ${timeoutMs} ms; see ${directory}`
        throw new ServerError(message, { code: 'START_FAILED', cause })
      }
    }
    const delayMs = lookEveryMs.min + random() * (lookEveryMs.max - lookEveryMs.min)
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
}
