// The directories for the state of daemons: one for each name, private to the user and created by the user.
import { lstatSync, mkdirSync, readdirSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ClientError, ServerError } from '../core/base/errors.ts'
import { describe, invalidOption } from '../core/base/options.ts'
import { maxPathBytes } from '../core/link/unix-path.ts'

/** The files of one daemon. */
export interface DaemonPaths {
  readonly directory: string
  /** The path of the control socket. */
  readonly control: string
  readonly state: string
  readonly lock: string
  /** The log, unless an option names another file. */
  readonly log: string
  /** The output of the process outside the log: Node's own crash messages. */
  readonly crash: string
}

/** ISOCK_STATE_DIR, else `isock` in $XDG_STATE_HOME or ~/.local/state; not $XDG_RUNTIME_DIR, which is removed when the user logs out. */
export function stateDirectory(given?: string, environment: NodeJS.ProcessEnv = process.env): string {
  const own = given ?? environment['ISOCK_STATE_DIR']
  if (own !== undefined && own !== '') return resolve(own)
  const state = environment['XDG_STATE_HOME'] ?? ''
  // The XDG standard says to ignore a relative path, which would depend on the working directory.
  return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'isock')
}

/** Creates missing directories. Throws ServerError for an unsafe one. */
export function prepareDirectory(base: string, name: string): DaemonPaths {
  const paths = pathsOf(base, name)
  const length = Buffer.byteLength(paths.control)
  if (length > maxPathBytes) {
    const message = `${paths.control} has ${length} bytes, but a socket's path may have at most ${maxPathBytes}; set ISOCK_STATE_DIR to a shorter directory of yours, or use a shorter name`
    throw refused(message)
  }
  for (const directory of [base, paths.directory]) {
    try {
      mkdirSync(directory, { recursive: directory === base, mode: 0o700 })
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      if (code !== 'EEXIST')
        throw refused(`cannot create ${directory}: ${message}; set ISOCK_STATE_DIR to a directory of yours`, cause)
    }
    requirePrivate(directory)
  }
  return paths
}

/** The paths of an existing daemon, or undefined. Throws ServerError if its directory is unsafe. */
export function findDirectory(base: string, name: string): DaemonPaths | undefined {
  const paths = pathsOf(base, name)
  if (statusOf(paths.directory) === undefined) return undefined
  requirePrivate(base)
  requirePrivate(paths.directory)
  return paths
}

/** The names of all daemons, sorted. */
export function namesIn(base: string): string[] {
  if (statusOf(base) === undefined) return []
  requirePrivate(base)
  const entries = readdirSync(base, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && namePattern.test(entry.name))
    .map(({ name }) => name)
    .sort()
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** @throws ClientError (`INVALID_OPTION`). */
export function requireDaemonName(name: unknown): string {
  if (typeof name === 'string' && namePattern.test(name)) return name
  throw invalidOption('name', 'up to 64 letters, digits, dots, dashes and underscores, a letter or digit first', name)
}

function pathsOf(base: string, name: string): DaemonPaths {
  const directory = join(base, requireDaemonName(name))
  return {
    directory,
    control: join(directory, 'control.sock'),
    state: join(directory, 'state.json'),
    lock: join(directory, 'lock'),
    log: join(directory, 'daemon.log'),
    crash: join(directory, 'crash.log'),
  }
}

function requirePrivate(directory: string): void {
  const status = statusOf(directory)
  if (status === undefined) throw refused(`${directory} has disappeared`)
  if (status.isSymbolicLink()) throw refused(`${directory} is a symbolic link; remove it, or use another directory`)
  if (!status.isDirectory()) throw refused(`${directory} is not a directory; remove it, or use another one`)
  if (process.platform === 'win32') return
  if (status.uid !== process.getuid?.()) throw refused(`${directory} belongs to another user; use a directory of yours`)
  if ((status.mode & 0o077) !== 0) throw refused(`${directory} can be entered by others; run: chmod 700 ${directory}`)
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw refused(`cannot read the status of ${path}: ${(error as Error).message}`, error)
  }
}

function refused(message: string, cause?: unknown): ServerError {
  return new ServerError(message, { code: 'START_FAILED', cause })
}

/** The error for a daemon that is not running. */
export function notRunning(name: string, what = 'it is not running'): ClientError {
  return new ClientError(`no daemon ${describe(name)}: ${what}; start it with: isock start <module> --name ${name}`, {
    code: 'NOT_RUNNING',
  })
}

/** The error for a daemon that does not answer. `what` says what happens to it, `remedy` what else to do. */
export function notAnswering(name: string, pid: number | undefined, what: string, remedy = ''): ClientError {
  const who = pid === undefined ? 'its process' : `process ${pid}`
  const message = `daemon "${name}" does not answer, and ${what}: ${who} may be stopped (kill -CONT) or busy${remedy}`
  return new ClientError(message, { code: 'NO_RESPONSE' })
}
