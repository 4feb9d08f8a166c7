// Identifies a process by pid and start time, because pids are reused. Reads /proc if it exists, else `ps`. If neither works, the
// state is unknown.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { withoutSecrets } from './secret-variables.ts'

/** An identity can only be compared with one from the same source. */
export interface ProcessIdentity {
  readonly pid: number
  /** From /proc: in clock ticks since the boot. */
  readonly startTime?: number
  /** From /proc. */
  readonly bootId?: string
  /** From `ps`: in seconds since 1970. */
  readonly startSecond?: number
}

/** The sources for identities. */
export interface ProcessReaders {
  /** Reads a file. Returns undefined if it does not exist. */
  readText(path: string): string | undefined
  /** Returns `stat` and `lstart` of a process, in English and UTC; undefined if there is no such command or process. */
  ps(pid: number): string | undefined
  exists(pid: number): boolean
}

/** `unknown`: a process has this pid, but it cannot be determined whether it is the same one. */
export type ProcessState = 'running' | 'gone' | 'unknown'

/** Creates a secret that only one process knows. */
export function newNonce(): string {
  return randomBytes(16).toString('hex')
}

export function ownIdentity(readers: ProcessReaders = platformReaders): ProcessIdentity {
  const found = find(process.pid, readers)
  return typeof found === 'object' ? found : { pid: process.pid }
}

/** Returns `running` while exactly this process exists, even if stopped; `gone` if it is a zombie, or if another process has its pid. */
export function stateOf(process: ProcessIdentity, readers: ProcessReaders = platformReaders): ProcessState {
  if (!readers.exists(process.pid)) return 'gone'
  const now = find(process.pid, readers)
  if (typeof now === 'string') return now
  if (now.startTime !== undefined && process.startTime !== undefined) {
    const isSame = now.startTime === process.startTime && now.bootId === process.bootId
    return isSame ? 'running' : 'gone'
  }
  if (now.startSecond !== undefined && process.startSecond !== undefined)
    return now.startSecond === process.startSecond ? 'running' : 'gone'
  return 'unknown'
}

/** Also true if the state is unknown, because a process that may be running must not be replaced. */
export function isRunning(process: ProcessIdentity, readers: ProcessReaders = platformReaders): boolean {
  return stateOf(process, readers) !== 'gone'
}

/** Sends a signal to exactly this process. Sends nothing and returns false if it is not known to be running. */
export function signalProcess(
  target: ProcessIdentity,
  signal: NodeJS.Signals,
  readers: ProcessReaders = platformReaders,
  send: (pid: number, signal: NodeJS.Signals) => unknown = (pid, name) => process.kill(pid, name),
): boolean {
  if (stateOf(target, readers) !== 'running') return false
  try {
    send(target.pid, signal)
    return true
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

function find(pid: number, readers: ProcessReaders): ProcessIdentity | 'gone' | 'unknown' {
  // /proc exists, so a missing entry for this pid means that the process is gone.
  if (readers.readText('/proc/self/stat') !== undefined) return findInProc(pid, readers)
  const line = readers.ps(pid)?.trim()
  if (line === undefined || line === '') return readers.exists(pid) ? 'unknown' : 'gone'
  if (/^[ZX]/.test(line)) return 'gone'
  const startSecond = startSecondIn(line)
  return startSecond === undefined ? 'unknown' : { pid, startSecond }
}

function findInProc(pid: number, { readText }: ProcessReaders): ProcessIdentity | 'gone' {
  const stat = readText(`/proc/${pid}/stat`)
  // The second field is the name in parentheses, and may contain anything. A zombie only waits for its parent to collect it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return 'gone'
  const startTime = Number(fields[19])
  if (!Number.isFinite(startTime)) return 'gone'
  const bootId = readText('/proc/sys/kernel/random/boot_id')?.trim()
  return { pid, startTime, ...(bootId === undefined ? {} : { bootId }) }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Parses a line such as `Ss   Sat Mar  7 09:05:04 2026`. */
function startSecondIn(line: string): number | undefined {
  const match = /^\S+\s+[A-Z][a-z]{2}\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)\s+(\d{4})$/.exec(line)
  if (match === null) return undefined
  const [, name = '', day, hour, minute, second, year] = match
  const month = months.indexOf(name)
  if (month < 0) return undefined
  return Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second)) / 1_000
}

const psLimitMs = 2_000

export const platformReaders: ProcessReaders = {
  readText: (path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  ps: (pid) => {
    try {
      return execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        // Local time may be set back, and the order of a date depends on the language.
        env: { ...withoutSecrets(process.env), TZ: 'UTC', LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: psLimitMs,
      })
    } catch {
      return undefined
    }
  },
  exists: (pid) => {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // EPERM: it exists and belongs to another user.
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  },
}
