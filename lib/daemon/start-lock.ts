// The lock that allows one start per name at a time. Its holder keeps it while its event loop runs, and loses it after a crash.
// Leaves the question of whether a daemon runs to the control socket.
import { ServerError } from '../core/base/errors.ts'
import { withPackages } from '../core/base/optional-packages.ts'
import { monotonicNow, setTimeout } from '../core/base/platform-timers.ts'
import type { DaemonPaths } from './state-directory.ts'

const staleMs = 5_000
const pollMs = { min: 20, max: 120 }

/**
 * Runs with the lock. `isNeeded` is called before each attempt, and may throw to stop waiting.
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
    // It may have been broken while this process was suspended.
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
      // A compromised lock must not end the process: the control socket decides the owner of the name.
      return await lock(directory, { lockfilePath, stale: staleMs, update: 1_000, onCompromised: () => undefined })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED') throw cause
      if (monotonicNow() >= giveUpAtMs) {
        const message = `another start of this daemon did not finish within ${timeoutMs} ms; see ${directory}`
        throw new ServerError(message, { code: 'START_FAILED', cause })
      }
    }
    const delayMs = pollMs.min + random() * (pollMs.max - pollMs.min)
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
}
