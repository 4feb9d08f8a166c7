// The path of a Unix socket: only in a directory private to the user, never taken from a live server, but taken over from a
// dead one.
import { closeSync, linkSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect, type Server as NetServer } from 'node:net'
import { dirname } from 'node:path'
import { ServerError } from '../base/errors.ts'
import { calendarNow, clearTimeout, setTimeout } from '../base/platform-timers.ts'

const takeoverLimitMs = 10_000
const probeLimitMs = 1_000
/** The longest path of a Unix socket: Linux's sun_path without its final zero. */
export const maxPathBytes = 107

/** Identifies the file at a path, which may be replaced later. */
export interface PathIdentity {
  readonly device: bigint
  readonly inode: bigint
}

/** Creates the directory (0700) if it is missing; rejects one that others can enter, unless that is allowed. */
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

/** Runs `listen`; if the path is taken by a socket without a server, removes it and runs it again. */
export async function listenAtPath(path: string, listen: () => Promise<void>): Promise<void> {
  try {
    await listen()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const release = lockPath(path)
    try {
      if (!lstatSync(path).isSocket())
        throw refused(`${path} exists and is not a socket; remove it or use another path`)
      if (await isServed(path)) throw inUse(path, error)
      rmSync(path, { force: true })
      await listen()
    } finally {
      release()
    }
  }
}

/** Identifies the file at the path, once the server listens. Returns undefined if nothing is there. */
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
  /** The file at the path when this server started to listen. */
  readonly identity: PathIdentity | undefined
  /** The socket came from another process. */
  readonly isInherited: boolean
}

/**
 * Stops listening, whatever happens to the path; never throws. The last server to listen removes the path: it stays if another
 * process continues with the socket (`keepsPath`), or if it now leads to another server's socket.
 */
export function closeAtPath(server: NetServer, { path, identity, isInherited }: BoundPath, keepsPath = false): void {
  // While this socket is open, no other file can get its inode number.
  const now = identifyPath(path)
  const isOurs = now !== undefined && now.device === identity?.device && now.inode === identity.inode
  // Node removes the path of a socket that it bound itself, whatever is at that path now, and no other path.
  if (isInherited) {
    if (isOurs && !keepsPath) attempt(() => rmSync(path, { force: true }))
    server.close()
  } else if (isOurs && !keepsPath) server.close()
  else closeBeside(server, path)
}

/** Synchronously, so that only a client dialing at this very moment misses the path, and retries. */
function closeBeside(server: NetServer, path: string): void {
  const aside = `${path}.kept`
  attempt(() => rmSync(aside, { force: true }))
  // Not every file system has hard links. If renaming fails too, Node cannot remove the path either.
  const isAside = attempt(() => linkSync(path, aside)) || attempt(() => renameSync(path, aside))
  server.close()
  if (isAside) attempt(() => renameSync(aside, path))
}

/** Runs a step that must not prevent a server from closing: its running calls would be dropped. */
function attempt(run: () => void): boolean {
  try {
    run()
    return true
  } catch {
    return false
  }
}

/** Allows one server at a time to check and take over. A stale lock is broken after a while. */
function lockPath(path: string): () => void {
  const lock = `${path}.takeover`
  try {
    if (calendarNow() - statSync(lock).mtimeMs > takeoverLimitMs) rmSync(lock, { force: true })
  } catch {
    // Usually there is no lock.
  }
  try {
    closeSync(openSync(lock, 'wx', 0o600))
  } catch (cause) {
    throw refused(`another server is taking over unix:${path} at this moment; try again`, cause)
  }
  return () => rmSync(lock, { force: true })
}

/** Whether a process accepts connections at the path. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    const finish = (isAnswered: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isAnswered)
    }
    // Silence does not prove it dead: a stopped process still owns its path.
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
