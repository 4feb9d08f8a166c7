// The path of a Unix socket: only in a directory that is its user's alone, never stolen from a live server, taken
// over from a dead one.
import { closeSync, linkSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect, type Server as NetServer } from 'node:net'
import { dirname } from 'node:path'
import { ServerError } from '../base/errors.ts'
import { calendarNow, clearTimeout, setTimeout } from '../base/platform-timers.ts'

const takeoverLimitMs = 10_000
const probeLimitMs = 1_000
/** The longest path of a Unix socket: sun_path of Linux, without its final zero. */
export const maxPathBytes = 107

/** Which file a path led to: another one may be there later. */
export interface PathIdentity {
  readonly device: bigint
  readonly inode: bigint
}

/** Makes the directory (0700) where it is missing; refuses one that others can enter, unless that is allowed. */
export function prepareSocketDirectory(path: string, allowSharedDirectory: boolean): void {
  if (Buffer.byteLength(path) > maxPathBytes)
    throw refused(`unix:${path} is longer than ${maxPathBytes} bytes; use a shorter path`)
  const directory = dirname(path)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (process.platform === 'win32' || allowSharedDirectory) return
  const status = statSync(directory)
  const isOurs = status.uid === process.getuid?.()
  if (isOurs && (status.mode & 0o077) === 0) return
  throw refused(
    `the directory of unix:${path} can be entered by others; run: chmod 700 ${directory}, or allow it with allowSharedDirectory`,
  )
}

/** Runs `listen`; when the path is taken by a socket that nobody serves, removes that and runs it again. */
export async function listenAtPath(path: string, listen: () => Promise<void>): Promise<void> {
  try {
    await listen()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const release = lockPath(path)
    try {
      if (!lstatSync(path).isSocket()) throw refused(`${path} exists and is no socket; remove it or use another path`)
      if (await isServed(path)) throw inUse(path, error)
      rmSync(path, { force: true })
      await listen()
    } finally {
      release()
    }
  }
}

/** To be asked when one has begun to listen there; undefined where nothing is found. */
export function identifyPath(path: string): PathIdentity | undefined {
  try {
    const { dev: device, ino: inode } = lstatSync(path, { bigint: true })
    return { device, inode }
  } catch {
    return undefined
  }
}

export interface BoundPath {
  readonly path: string
  /** What it led to when this server began to listen. */
  readonly identity: PathIdentity | undefined
  /** The socket came from another process. */
  readonly isInherited: boolean
}

/**
 * Stops listening, whatever becomes of the path; never throws. The path goes with the server that listens last: not where
 * another process goes on with the socket (`keepsPath`), and not where it leads to another server's socket by now.
 */
export function closeAtPath(server: NetServer, { path, identity, isInherited }: BoundPath, keepsPath = false): void {
  // While this socket is open, no other file gets its number.
  const now = identifyPath(path)
  const isOurs = now !== undefined && now.device === identity?.device && now.inode === identity.inode
  // Node removes the path of a socket that it bound, whoever has the path now, and no other.
  if (isInherited) {
    if (isOurs && !keepsPath) attempt(() => rmSync(path, { force: true }))
    server.close()
  } else if (isOurs && !keepsPath) server.close()
  else closeBeside(server, path)
}

/** In one go: who dials in this moment finds no path, and tries again. */
function closeBeside(server: NetServer, path: string): void {
  const aside = `${path}.kept`
  attempt(() => rmSync(aside, { force: true }))
  // Not every file system has hard links. Where renaming fails too, Node is not able to remove the path either.
  const isAside = attempt(() => linkSync(path, aside)) || attempt(() => renameSync(path, aside))
  server.close()
  if (isAside) attempt(() => renameSync(aside, path))
}

/** For what must not keep a server from ending: the calls that run would be dropped with it. */
function attempt(run: () => void): boolean {
  try {
    run()
    return true
  } catch {
    return false
  }
}

/** One server at a time looks and takes over. A lock that its owner left behind is broken after a while. */
function lockPath(path: string): () => void {
  const lock = `${path}.takeover`
  try {
    if (calendarNow() - statSync(lock).mtimeMs > takeoverLimitMs) rmSync(lock, { force: true })
  } catch {
    // There is none, as it should be.
  }
  try {
    closeSync(openSync(lock, 'wx', 0o600))
  } catch (cause) {
    throw refused(`another server is taking over unix:${path} at this moment; try again`, cause)
  }
  return () => rmSync(lock, { force: true })
}

/** Whether somebody accepts connections there. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    const finish = (isAnswered: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isAnswered)
    }
    // No answer at all is no proof of death: a stopped process still owns its path.
    const timer = setTimeout(() => finish(true), probeLimitMs)
    socket.once('connect', () => finish(true))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}

function inUse(path: string, cause: unknown): ServerError {
  return new ServerError(`unix:${path} is in use by another server; stop it or use another path`, {
    code: 'ADDRESS_IN_USE',
    cause,
  })
}

function refused(message: string, cause?: unknown): ServerError {
  return new ServerError(message, { code: 'LISTEN_FAILED', cause })
}
