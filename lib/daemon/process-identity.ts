// Which process a pid means: numbers are used again, a pid with its start time and the machine's boot is not.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** In clock ticks since the boot; undefined where the platform does not tell. */
  readonly startTime?: number
  readonly bootId?: string
}

/** What only the one process knows that it was given to. */
export function newNonce(): string {
  return randomBytes(16).toString('hex')
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid)
}

/** True while this very process runs or is stopped; not for a zombie, nor for another one with its pid. */
export function isRunning({ pid, startTime, bootId }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: there is one, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = identityOf(pid)
  if (bootId !== undefined && now.bootId !== bootId) return false
  if (now.startTime === undefined || startTime === undefined) return process.platform !== 'linux'
  return now.startTime === startTime
}

function identityOf(pid: number): ProcessIdentity {
  const startTime = startTimeOf(pid)
  const bootId = readText('/proc/sys/kernel/random/boot_id')?.trim()
  return {
    pid,
    ...(startTime === undefined ? {} : { startTime }),
    ...(bootId === undefined ? {} : { bootId }),
  }
}

/** Field 22 of the process's stat; undefined for a zombie too, which only waits for its parent to look. */
function startTimeOf(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The second field is the name in parentheses, and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined
  const startTime = Number(fields[19])
  return Number.isFinite(startTime) ? startTime : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
